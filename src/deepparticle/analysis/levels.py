r"""A coarse world against the fine world that it was made from, under the same evidence.

Both run side by side; of the fine one its macro-scale states :math:`S_A = w_A^T \sigma_A` are kept.
With :math:`y_{pA}` the mean of the fine one under evidence :math:`p`, :math:`x_{pA}` that of the
coarse one, and :math:`e` their standard errors over chains,

*correlation*
    of :math:`x_{pA}` and :math:`y_{pA}` over evidence p; and of the mean time courses
    :math:`x_A(t), y_A(t)`, while one evidence follows the other (the noise of few chains lowers
    these);
*relative error*
    the mean squared error in units of the variance of the macro-scale state over evidence, both
    beyond sampling noise,

    .. math:: \frac{\langle (y - x)^2 - e_y^2 - e_x^2 \rangle_p}
                   {\mathrm{Var}_p(y) - (1 - 1/P)\,\langle e_y^2 \rangle_p} ;

*calibration*
    slope and intercept of what is observed (fine) on what is predicted (coarse),
    :math:`\mathrm{Cov}(x, y) / (\mathrm{Var}(x) - (1 - 1/P)\,\langle e_x^2 \rangle)`: 1 and 0 if
    predictions are right.

Evidence of rising strength makes y and x *response curves*. It is means that can be expected to
agree; a coarse state fluctuates more than the mean of many (see
:mod:`deepparticle.partitions.coarsening`). Standard errors are those of the jackknife over chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.run import Run
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.coarse_worlds import Coarsening
from deepparticle.partitions.leaf_paths import LeafPaths
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.stepping import MODES, checked_option

__all__ = ["Estimate", "LevelComparison", "compare_levels"]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Numbers with their standard errors.

    Parameters
    ----------
    value, standard_error : ndarray
        Of the same shape; the error is NaN where a single chain cannot tell it.
    """

    value: FloatArray
    standard_error: FloatArray


@dataclass(frozen=True, eq=False)
class LevelComparison:
    """What a coarse world predicts of a fine one: printable.

    Parameters
    ----------
    units : LeafPaths
        The paths of the units, U of them.
    fine, coarse : Estimate of shape (P, U)
        Mean macro-scale states under each evidence.
    fine_course, coarse_course : ndarray of shape (T, U)
        Means over chains, step by step, one evidence after the other.
    correlation, course_correlation, relative_error, slope, intercept : Estimate of shape (U,)
        See :mod:`deepparticle.analysis.levels`; NaN where they need more than one evidence.
    """

    units: LeafPaths
    fine: Estimate
    coarse: Estimate
    fine_course: FloatArray
    coarse_course: FloatArray
    correlation: Estimate
    course_correlation: Estimate
    relative_error: Estimate
    slope: Estimate
    intercept: Estimate

    def __str__(self) -> str:
        columns = {
            "correlation": self.correlation,
            "of courses": self.course_correlation,
            "rel. error": self.relative_error,
            "slope": self.slope,
            "intercept": self.intercept,
        }
        lines = ["unit".ljust(24) + "".join(f"{name:>18}" for name in columns)]
        for number, path in enumerate(self.units):
            cells = (
                f"{one.value[number]:>+9.4f} ± {one.standard_error[number]:<6.4f}"
                for one in columns.values()
            )
            lines.append(f"{path:<24}" + "".join(cells))
        return "\n".join(lines)

    def __repr__(self) -> str:
        count, units = self.fine.value.shape
        return f"<LevelComparison: {units} units under {count} evidence\n{self}>"


def compare_levels(
    fine: Simulator | Run | Sequence[Run],
    coarse: Partition,
    evidence: Any = None,
    *,
    steps: int = 200,
    burn_in: int = 50,
    chains: int = 32,
    mode: str = "stochastic",
    schedule: str | None = None,
    seed: int = 0,
    progress: bool = False,
) -> LevelComparison:
    """Compare a coarse run with the fine run that it stands for, under the same evidence.

    Parameters
    ----------
    fine : Simulator, Run or sequence of Run
        Of the fine world. A simulator is forked, and left as it is. Runs have recorded their
        states, one run per evidence, under that evidence.
    coarse : Partition
        Made by ``world.coarsen``.
    evidence : None, array_like of shape (N,) or (P, N), dict, or sequence of these
        What is shown, one after the other, as of ``Simulator.infer`` for the fine world.
    steps, burn_in : int
        For each evidence: the steps that means are made of, and those before them. Of runs, all
        steps but the first `burn_in`.
    chains : int
        How many of each world; of runs, what they have.
    mode : {"stochastic", "deterministic"}
        Deterministic compares expected states, without sampling noise.
    schedule : str, optional
        By default that of the simulator, or synchronous.
    seed : int
        Of both simulations.
    progress : bool
        Show a progress bar.

    Returns
    -------
    LevelComparison

    Raises
    ------
    PartitionError
        If the coarse world was not made from this fine one.
    SettingError, SettingTypeError
        If runs and evidence do not fit.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.Partition("world")
    >>> for name in ("left", "right"):
    ...     _ = world.add_partition(name).add_population("cells", 20)
    >>> _ = world.couple("left", "right", 0.05)
    >>> scene = world.add_external("scene")
    >>> _ = world.sense(scene, "left")
    >>> sweep = [{"scene": value} for value in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    >>> found = compare_levels(
    ...     dp.Simulator(world), world.coarsen(1), sweep, steps=50, burn_in=2, mode="deterministic"
    ... )
    >>> found.relative_error.value.round(12), found.slope.value.round(6)
    (array([0., 0.]), array([1., 1.]))
    """
    where = "compare_levels"
    checked_option(mode, MODES, where, "mode")
    made = _origin(coarse, where)
    shown = _conditions(evidence, len(made.weights))
    noisy = mode == "stochastic"
    if isinstance(fine, Simulator):
        own: Any = fine
        _refuse_others(own, made, where)
        count = checked_count(chains, where, "chains", 2)
        total = checked_count(steps, where, "steps", 1) + checked_count(burn_in, where, "burn_in")
        runner = own.fork(chains=count if noisy else None, seed=seed)
        start = made.states(runner.state)
        observed = [
            made.states(runner.infer(one, total, mode=mode, record="states").states)
            for one in tqdm(shown, desc="fine", disable=not progress)
        ]
        order, backend = schedule or own.program.schedule, own.backend
    else:
        observed = _recorded(fine, made, len(shown), where)
        start = observed[0][0]
        order, backend = schedule or "synchronous", "numpy"
    kept = [states.shape[1] if states.ndim == 3 else None for states in observed]
    predicted = []
    simulator = Simulator(coarse, backend, order, chains=kept[0], seed=[seed, 1])
    begun = simulator.state
    low, high = _bounds(coarse)
    for number, one in enumerate(tqdm(shown, desc="coarse", disable=not progress)):
        first = np.clip(start, low, high) if number == 0 and start.shape == begun.shape else None
        run = simulator.infer(
            made.evidence(one), len(observed[number]), mode=mode, start=first, record="states"
        )
        predicted.append(run.states)
    drop = checked_count(burn_in, where, "burn_in")
    if any(len(states) <= drop for states in observed):
        raise SettingError(
            Fault(where, "runs are longer than burn_in", repr(burn_in), "give a smaller burn_in")
        )
    return _compared(made.units, observed, predicted, drop, noisy)


# ------------------------------------------------------------------ what is compared


def _origin(coarse: Any, where: str) -> Coarsening:
    if not isinstance(coarse, Partition):
        raise SettingTypeError(
            Fault(
                where,
                "the coarse world is a partition, made by coarsen()",
                repr(coarse).splitlines()[0][:60],
                "give coarse = world.coarsen(level)",
            )
        )
    made = coarse.coarsening
    if [leaf.path for leaf in coarse.subparticles] != _unit_names(coarse, made):
        raise PartitionError(
            Fault(
                where,
                "a coarse world has the subparticles that it was made with",
                f"{coarse.leaf_count} subparticles, others than the {len(made.units)} units",
                "coarsen again after editing",
            )
        )
    return made


def _unit_names(coarse: Partition, made: Coarsening) -> list[str]:
    return [path or made.level.partition.name for path in made.units]


def _refuse_others(fine: Simulator, made: Coarsening, where: str) -> None:
    if fine.networks is not None:
        raise SettingError(
            Fault(
                where,
                "one network is compared",
                f"a simulator of {fine.networks}",
                "give a Simulator without networks=",
            )
        )
    if fine.program.paths != made.leaves:
        raise PartitionError(
            Fault(
                where,
                "the coarse world was made from the world of the simulator",
                f"a simulator of {fine.program.size} subparticles, and a coarsening of "
                f"{len(made.leaves)} with other paths",
                "coarsen the world that is simulated",
            )
        )


def _conditions(evidence: Any, size: int) -> list[Any]:
    if evidence is None or isinstance(evidence, Mapping):
        return [evidence]
    if isinstance(evidence, Sequence) and any(
        one is None or isinstance(one, Mapping) for one in evidence
    ):
        return list(evidence)
    array = np.asarray(evidence, dtype=np.float64)
    return [array] if array.ndim < 2 else list(array)


def _recorded(runs: Any, made: Coarsening, count: int, where: str) -> list[FloatArray]:
    given = [runs] if isinstance(runs, Run) else list(runs)
    if len(given) != count or not all(isinstance(run, Run) for run in given):
        raise SettingError(
            Fault(
                where,
                "there is one run per evidence",
                f"{len(given)} runs for {count} evidence",
                "give the evidence of each run, in the same order",
            )
        )
    observed = [made.states(run.states) for run in given]
    if len({states.shape[1:] for states in observed}) > 1 or observed[0].ndim > 3:
        raise SettingError(
            Fault(
                where,
                "runs have the same chains, and one network",
                f"states of shapes {[run.states.shape for run in given]}",
                "make them with one simulator",
            )
        )
    return observed


def _bounds(coarse: Partition) -> tuple[FloatArray, FloatArray]:
    supports = np.array([leaf.distribution.support for leaf in coarse.subparticles])
    return supports[:, 0], supports[:, 1]


# ------------------------------------------------------------------ how it is compared


def _compared(
    units: LeafPaths,
    observed: list[FloatArray],
    predicted: list[FloatArray],
    drop: int,
    noisy: bool,
) -> LevelComparison:
    # A chain axis for all: (P, chains, U) of means, (T, chains, U) of courses.
    fine, coarse = (
        [states if states.ndim == 3 else states[:, None] for states in one]
        for one in (observed, predicted)
    )
    means = [np.stack([states[drop:].mean(axis=0) for states in one]) for one in (fine, coarse)]
    courses = [np.concatenate(one) for one in (fine, coarse)]
    count = means[0].shape[1]
    found = _statistics(*means, *courses)
    if count > 1:
        rest = [np.arange(count) != chain for chain in range(count)]
        without = [
            _statistics(*(part[:, one] for part in means), *(part[:, one] for part in courses))
            for one in rest
        ]
    else:
        without = []

    def estimate(name: str) -> Estimate:
        value = found[name]
        if not without:
            return Estimate(value, np.full_like(value, np.nan if noisy else 0.0))
        spread = np.std([one[name] for one in without], axis=0)
        return Estimate(value, np.sqrt(count - 1.0) * spread)

    return LevelComparison(
        units=units,
        fine=Estimate(means[0].mean(axis=1), _error_of(means[0], noisy)),
        coarse=Estimate(means[1].mean(axis=1), _error_of(means[1], noisy)),
        fine_course=courses[0].mean(axis=1),
        coarse_course=courses[1].mean(axis=1),
        correlation=estimate("correlation"),
        course_correlation=estimate("course_correlation"),
        relative_error=estimate("relative_error"),
        slope=estimate("slope"),
        intercept=estimate("intercept"),
    )


def _error_of(means: FloatArray, noisy: bool) -> FloatArray:
    count = means.shape[1]
    if count == 1:
        return np.full(means[:, 0].shape, np.nan if noisy else 0.0)
    error: FloatArray = means.std(axis=1, ddof=1) / np.sqrt(count)
    return error


def _statistics(
    fine: FloatArray, coarse: FloatArray, fine_course: FloatArray, coarse_course: FloatArray
) -> dict[str, FloatArray]:
    """Everything that is estimated, from the means and courses of some chains."""
    shown, count = fine.shape[:2]
    noise = [
        one.var(axis=1, ddof=1).mean(axis=0) / count if count > 1 else np.zeros(one.shape[2])
        for one in (fine, coarse)
    ]
    y, x = fine.mean(axis=1), coarse.mean(axis=1)
    free = 1.0 - 1.0 / shown  # the share of the noise in the variance around their own mean
    signal = y.var(axis=0) - free * noise[0]
    error = ((y - x) ** 2).mean(axis=0) - noise[0] - noise[1]
    covariance = ((y - y.mean(axis=0)) * (x - x.mean(axis=0))).mean(axis=0)
    slope = _ratio(covariance, x.var(axis=0) - free * noise[1])
    return {
        "correlation": _correlation(y, x),
        "course_correlation": _correlation(fine_course.mean(axis=1), coarse_course.mean(axis=1)),
        "relative_error": _ratio(error, signal),
        "slope": slope,
        "intercept": y.mean(axis=0) - slope * x.mean(axis=0),
    }


def _correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    return _ratio((a * b).sum(axis=0), np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0)))


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    # What does not vary, or no more than its noise, says nothing.
    result: FloatArray = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 1e-300)
    return result
