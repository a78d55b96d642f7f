"""The lattice in thrml, in the way of its own examples.

Its two colours are two blocks; one compiled call makes many sweeps and observes the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from deepparticle.benchmarks.timing import Contender, timed
from deepparticle.benchmarks.works.lattice_law import Lattice, moments
from deepparticle.blankets._types import FloatArray

__all__ = ["thrml_contender"]


def thrml_contender(
    lattice: Lattice, samples: int, spacing: int, burn_in: int
) -> tuple[Contender, FloatArray]:
    """A contender whose amount is sweeps, and the moments of its samples.

    Parameters
    ----------
    lattice : Lattice
    samples, spacing, burn_in : int
        Samples for the moments, sweeps between two of them, and sweeps before the first.

    Raises
    ------
    ImportError
        If thrml is not installed.
    """
    # Not for everyone there, and annotated in a way that strict checking refuses: typed as Any.
    jax: Any = import_module("jax")
    thrml: Any = import_module("thrml")
    ising: Any = import_module("thrml.models.ising")

    nodes = [thrml.SpinNode() for _ in range(lattice.side**2)]
    edges = [(nodes[left], nodes[right]) for left, right in lattice.pairs.tolist()]
    model = ising.IsingEBM(
        nodes,
        edges,
        jax.numpy.asarray(lattice.bias, dtype="float32"),
        jax.numpy.asarray(lattice.weights, dtype="float32"),
        jax.numpy.asarray(1.0, dtype="float32"),
    )
    colour = np.add.outer(np.arange(lattice.side), np.arange(lattice.side)).ravel() % 2
    rows = [np.flatnonzero(colour == number) for number in (0, 1)]
    blocks = [thrml.Block([nodes[row] for row in chosen]) for chosen in rows]
    program = ising.IsingSamplingProgram(model, blocks, [])

    def compiled(burn_in: int, samples: int, spacing: int) -> Callable[[Any, Any], Any]:
        schedule = thrml.SamplingSchedule(burn_in, samples, spacing)
        run: Callable[[Any, Any], Any] = jax.jit(
            lambda key, start: thrml.sample_states(key, program, schedule, start, [], blocks)
        )
        return run

    start = [jax.numpy.zeros(len(chosen), dtype=bool) for chosen in rows]
    drawn = compiled(burn_in, samples, spacing)(jax.random.key(0), start)
    states = np.empty((samples, lattice.side**2), dtype=np.float32)
    for chosen, spins in zip(rows, drawn, strict=True):
        states[:, chosen] = 2.0 * np.asarray(spins) - 1.0

    programs: dict[int, Callable[[Any, Any], Any]] = {}
    held: dict[str, Any] = {"key": jax.random.key(1), "state": [spins[-1] for spins in drawn]}

    def sweep(amount: int) -> None:
        if amount not in programs:
            programs[amount] = compiled(amount, 1, 1)
        held["key"], key = jax.random.split(held["key"])
        state = [spins[-1] for spins in programs[amount](key, held["state"])]
        held["state"] = jax.block_until_ready(state)

    return Contender("thrml", timed(sweep)), moments(lattice, states)
