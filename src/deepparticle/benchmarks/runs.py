"""The runs that are timed: simulators through the public interface, as a user writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.benchmarks.gate import pass_gate
from deepparticle.benchmarks.results import Measurement, Omission, Outcome
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender, in_turns, timed
from deepparticle.benchmarks.yardstick import CompilerMissingError
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import SettingError, SettingTypeError
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.parts import completed

if TYPE_CHECKING:
    import scipy.sparse

__all__ = [
    "BACKENDS",
    "STEPS",
    "Trial",
    "add_contenders",
    "backend_contenders",
    "inferring",
    "learning",
    "omitted",
    "patterns",
    "race",
    "random_couplings",
    "sparse_couplings",
]

BACKENDS = ("numpy", "native", "jax")
"""The backends that run arrays; which of them a machine has turns out when they are asked for."""

STEPS = 10
"""Steps of an epoch, as in simulation 2."""

# As in simulation 2; the learning rate is this divided by N, which is .001 for N = 64.
EVIDENCE, PRECISION, RATE = 11.0, 0.1668, 0.064

GATE_EPOCHS, GATE_RECORD = 20, ("states", "free_energy")


@contextmanager
def omitted(outcome: Outcome, key: str, contender: str) -> Iterator[None]:
    """Leave out what this machine or this version does not have, with a word why.

    Anything else that goes wrong is a fault, which is reported as such but does not end the run.
    """
    try:
        yield
    except Exception as error:  # one fault must not cost the other rows
        outcome.omissions.append(_omission(key, contender, error))


def _omission(key: str, contender: str, error: Exception) -> Omission:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, ImportError | CompilerMissingError | SettingError | SettingTypeError):
        return Omission(key, contender, reason)
    return Omission(key, contender, f"{type(error).__name__}: {reason}", failed=True)


def race(
    outcome: Outcome,
    key: str,
    contenders: Sequence[Contender],
    settings: Settings,
    progress: bool,
    *,
    title: str = "",
    share: float = 1.0,
) -> dict[str, Measurement]:
    """Time contenders in turns; what fails drops out, and is reported.

    Parameters
    ----------
    outcome : Outcome
    key : str
    contenders : sequence of Contender
    settings : Settings
    progress : bool
    title : str
        For the progress bar; by default the key.
    share : float
        The part of the usual time that a repetition takes.

    Returns
    -------
    dict of str to Measurement
        Without those that failed.
    """
    return in_turns(
        contenders,
        settings.repeats,
        share * settings.seconds,
        title=title or key,
        progress=progress,
        failed=lambda name, error: outcome.omissions.append(_omission(key, name, error)),
    )


def add_contenders(
    outcome: Outcome,
    key: str,
    contenders: list[Contender],
    name: str,
    make: Callable[[], Contender],
) -> bool:
    """Add a contender that can be made and warmed up; say whether it could."""
    before = len(contenders)
    with omitted(outcome, key, name):
        contender = make()
        # What cannot run at all is found out here, outside the rounds of the others.
        if not contender.ready:
            contender.measure(contender.amount or 1)
        contenders.append(replace(contender, ready=contender.amount is not None))
    return len(contenders) > before


def backend_contenders(
    outcome: Outcome,
    key: str,
    make: Callable[[str], Trial],
    backends: Sequence[str] = BACKENDS,
) -> list[Contender]:
    """One contender for each backend that this machine has and that passes the gate.

    The first one is the reference of the others.
    """
    contenders: list[Contender] = []
    reference: list[FloatArray] = []

    def passed(backend: str) -> Contender:
        trial = make(backend)
        moments = trial.sample()
        if reference:
            pass_gate(backend, moments, backends[0], reference[0])
        else:
            reference.append(moments)
        return trial.contender

    for backend in backends:
        add_contenders(outcome, key, contenders, backend, lambda backend=backend: passed(backend))  # type: ignore[misc]
    return contenders


def patterns(size: int, count: int = 10) -> FloatArray:
    """Standardised random patterns."""
    drawn = np.random.default_rng(1).standard_normal((count, size))
    result: FloatArray = (drawn - drawn.mean(1, keepdims=True)) / drawn.std(1, keepdims=True)
    return result


def random_couplings(size: int) -> FloatArray:
    """Dense couplings of random sign, such that fields are of order 1 at any size."""
    drawn = np.random.default_rng(2).standard_normal((size, size))
    couplings: FloatArray = drawn / np.sqrt(size)
    np.fill_diagonal(couplings, 0.0)
    return couplings


def sparse_couplings(edges: int, degree: int = 10) -> scipy.sparse.csr_array:
    """Couplings of a ring in which each subparticle senses so many others, in all `edges`."""
    import scipy.sparse

    size = max(degree + 1, edges // degree)
    rows = np.repeat(np.arange(size), degree)
    # Some near and some far: a cache must not have it easier than in a random graph.
    steps = np.unique(np.geomspace(1, size - 1, 10 * degree).astype(int))
    offsets = steps[np.linspace(0, len(steps) - 1, degree).astype(int)]
    columns = (rows + np.tile(offsets, size)) % size
    weights = np.random.default_rng(3).standard_normal(size * degree) / np.sqrt(degree)
    return scipy.sparse.csr_array((weights, (rows, columns)), shape=(size, size))


@dataclass(frozen=True)
class Trial:
    """A contender, and how it is sampled before it is timed.

    Parameters
    ----------
    contender : Contender
    sample : callable
        Makes a run of its own and returns its moments, shape (steps, moments).
    """

    contender: Contender
    sample: Callable[[], FloatArray]


def moments(run: Any) -> FloatArray:
    """The mean square, the mean size and the mean free energy of the states of each step."""
    states, free_energy = np.asarray(run.states), np.asarray(run.free_energy, dtype=np.float64)
    others = tuple(range(1, states.ndim))
    return np.stack(
        [
            np.square(states).mean(axis=others, dtype=np.float64),
            np.abs(states).mean(axis=others, dtype=np.float64),
            free_energy.mean(axis=tuple(range(1, free_energy.ndim))),
        ],
        axis=1,
    )


def learning(
    backend: str,
    size: int,
    networks: int | None = None,
    *,
    record: tuple[str, ...] = (),
    every: int = 1,
    dtype: str = "float32",
) -> Trial:
    """A network that learns ten patterns; an amount of 1 is one epoch, the unit a network-step.

    The gate learns at the rate of simulation 2 for 64 subparticles; it falls with their number, so
    that the fields do not grow with it. What is timed learns a hundredth as fast, since millions of
    steps at that rate would run away; a step costs the same at any rate.
    """
    world = from_couplings(np.zeros((size, size), dtype=np.float32))
    shown = patterns(size)

    def simulator(seed: int, rate: float) -> Simulator:
        return Simulator(
            world,
            backend,
            networks=networks,
            seed=seed,
            dtype=dtype,
            precision=PRECISION,
            learning_rate=rate / size,
        )

    timed_one = simulator(0, 0.01 * RATE)

    def learn(amount: int) -> None:
        completed(timed_one.learn(shown, EVIDENCE, amount, STEPS, record=record, every=every))

    def sample() -> FloatArray:
        sampled_one = simulator(_own_seed(backend), RATE)
        run = sampled_one.learn(shown, EVIDENCE, GATE_EPOCHS, STEPS, "cyclic", record=GATE_RECORD)
        return moments(completed(run))

    return Trial(Contender(backend, timed(learn), float(STEPS * (networks or 1))), sample)


def inferring(
    backend: str, couplings: Any, *, chains: int | None = None, dtype: str = "float32"
) -> Trial:
    """A network that infers with frozen couplings; an amount of 1 is ten steps, the unit one."""
    world = from_couplings(couplings)
    evidence = patterns(couplings.shape[0], 1)[0]

    def simulator(seed: int) -> Simulator:
        return Simulator(world, backend, chains=chains, seed=seed, dtype=dtype)

    timed_one = simulator(0)

    def infer(amount: int) -> None:
        completed(timed_one.infer(evidence, STEPS * amount, record=()))

    def sample() -> FloatArray:
        sampled_one = simulator(_own_seed(backend))
        run = sampled_one.infer(evidence, 2 * GATE_EPOCHS, STEPS, record=GATE_RECORD)
        return moments(completed(run))

    return Trial(Contender(backend, timed(infer), float(STEPS)), sample)


def _own_seed(backend: str) -> int:
    # Backends may share a stream of random numbers; runs that are compared must not.
    return 100 + ("objects", *BACKENDS).index(backend)
