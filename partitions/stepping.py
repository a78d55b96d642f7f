r"""A step of a world, object by object: the definition that every kernel must equal.

With :math:`\sigma` the old states, every due subparticle senses, infers, acts and learns once:

===============  ==================================================================================
schedule         who sees whose new state
===============  ==================================================================================
``synchronous``  all sense the old states, then all infer, act and learn
``sequential``   one after another in row order, each seeing the newest neighbours
``chromatic``    a sequential scan in the order of the colour classes, whose rows do not touch
                 (:mod:`deepparticle.partitions.colouring`)
``random``       N single-site updates at rows drawn with replacement
``langevin``     all sense the old states, then all move for a time step (0.01 by default) instead
                 of being drawn anew (:mod:`deepparticle.agents.diffusion`), then act and learn
your own         one turn after another, each seeing the newest neighbours; those in one turn see
                 the old states of each other (:mod:`deepparticle.partitions.schedules`)
===============  ==================================================================================

Where rows take turns, the field :math:`h_i` for learning is the one that :math:`i` saw at its last
update of this step; learning follows the sweep and uses the new states. A subparticle with clock
:math:`k` is due when :math:`t \bmod k = 0`; one that is held keeps its state, does not learn, and
still consumes its random number.

``langevin`` approximates continuous time,

.. math:: d\sigma = (c + K\sigma)\,dt + \sqrt2\,dW, \qquad
          K = \mathrm{diag}(\beta)\,J, \quad c = \beta (b + u),

between reflecting walls. The setting ``time_step`` is the time :math:`\tau` of one step; a part of
a world with a smaller one is slower. Learning is per step, not per time, by the same rule with the
same field :math:`h_i`, from the old states. A held row loses the time of the step. In
deterministic mode the noise is left out and walls stop the state: a gradient flow, if K is
symmetric.

Randomness of one step, in this order: a block of N uniforms (not in deterministic mode), of which
row i takes number i (and for ``random`` update k number k), then for ``random`` the N rows, then
(not in deterministic mode) a uniform number for each noisy boundary state, by target and then
source, then whatever the processes of the external states draw. External states answer first, to
the actions of the step before, and plastic active states learn from the answer
(:mod:`deepparticle.agents.external`); then the subparticles sense it. A noisy boundary state keeps
its noise throughout a step.

Where biases change in time (:mod:`deepparticle.agents.biasing`), those of step t are set before
anyone senses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.diffusion import refuse_jumping
from deepparticle.agents.elementwise import normal_quantile
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import nearest
from deepparticle.partitions.arrays import noisy_boundaries
from deepparticle.partitions.biases import set_biases
from deepparticle.partitions.schedules import checked_schedule, turns_inside

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "MODES",
    "checked_generator",
    "checked_option",
    "draw_noise",
    "draw_randomness",
    "learn_from_step",
    "step_world",
    "update_states",
    "update_turns",
]

MODES = ("stochastic", "deterministic")


def checked_option(value: object, options: Sequence[str], where: str, what: str) -> str:
    """Return `value` if it is one of `options`, else raise with the nearest of them.

    Examples
    --------
    >>> checked_option("stochastic", MODES, "step", "mode")
    'stochastic'
    """
    if not isinstance(value, str) or value not in options:
        close = nearest(str(value), options, 1)
        known = ", ".join(repr(option) for option in options)
        mend = f"did you mean {close[0]!r}?" if close else "use one of them"
        raise SettingError(Fault(where, f"the {what} is one of {known}", repr(value), mend))
    return value


def checked_generator(rng: Any, where: str) -> np.random.Generator:
    """A random generator from `rng`: one already, or a seed; None draws a fresh seed.

    Raises
    ------
    SettingError
        If it is neither a generator nor a seed.

    Examples
    --------
    >>> round(float(checked_generator(1, "step").random()), 4)
    0.5118
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise SettingError(
            Fault(
                where,
                "the seed is a whole number ≥ 0",
                repr(rng),
                "give seed=0, for example, or a numpy.random.Generator",
            )
        ) from None


def draw_randomness(
    rng: np.random.Generator, count: int, schedule: str, mode: str
) -> tuple[FloatArray | None, IntArray | None]:
    """The uniforms of shape ``(N,)`` and the rows of shape ``(N,)`` of one step, where needed."""
    uniforms = rng.random(count) if mode == "stochastic" else None
    sites = rng.integers(count, size=count) if schedule == "random" else None
    return uniforms, sites


def draw_noise(world: Partition, rng: np.random.Generator, mode: str) -> None:
    """Draw the deviates of the noisy boundary states that are sensed inside, for one step."""
    noisy = noisy_boundaries(world.world)
    if not noisy:
        return
    inside = set(map(id, world.subparticles))
    noisy = [one for one in noisy if id(one.target) in inside]
    deviates: FloatArray = np.zeros(len(noisy))
    if mode == "stochastic":
        deviates = normal_quantile(rng.random(len(noisy)))
    for boundary, deviate in zip(noisy, deviates.tolist(), strict=True):
        boundary.deviate = deviate


def update_turns(
    world: Partition, schedule: str, sites: IntArray | None
) -> Sequence[Sequence[int]]:
    """The rows of one step, turn after turn; `sites` are those that were drawn."""
    if sites is not None:
        return [[row] for row in sites.tolist()]
    turns = turns_inside(world, schedule)
    return [rows.tolist() for rows in turns] if turns else [range(world.leaf_count)]


def update_states(
    leaves: Sequence[Subparticle],
    schedule: str,
    time: int,
    uniforms: FloatArray | None,
    turns: Sequence[Sequence[int]],
    evidence: FloatArray | None = None,
    precision: FloatArray | None = None,
    clock: IntArray | None = None,
    time_step: FloatArray | None = None,
) -> list[int]:
    """Sense, infer (or diffuse) and act, turn after turn; return the rows that updated.

    Parameters
    ----------
    leaves : sequence of Subparticle
        In row order.
    schedule : str
        Its name: ``random`` and ``langevin`` differ in more than in their turns.
    time : int
        The step number t, for clocks.
    uniforms : ndarray of shape (N,) or None
        One uniform number per update; None is deterministic.
    turns : sequence of sequence of int
        The rows that update at once, of each turn; see `update_turns`.
    evidence : ndarray of shape (N,), optional
        Clamps what each leaf senses at the macro scale; by default they read it.
    precision : ndarray of shape (N,), optional
        Overrides the precision of every leaf.
    clock : ndarray of shape (N,), optional
        Overrides the clock of every leaf.
    time_step : ndarray of shape (N,), optional
        Overrides the time step of every leaf.

    Returns
    -------
    list of int
        Rows that updated at least once, in order.
    """
    clocks = [leaf.clock for leaf in leaves] if clock is None else clock.tolist()
    updated: set[int] = set()

    def sense(row: int) -> None:
        leaves[row].sense(None if evidence is None else float(evidence[row]))

    def number(values: Any, place: int) -> float | None:
        return None if values is None else float(values[place])

    def infer(row: int, draw: int) -> None:
        uniform, weight = number(uniforms, draw), number(precision, row)
        if schedule == "langevin":
            leaves[row].diffuse(uniform, weight, number(time_step, row))
        else:
            leaves[row].infer(uniform, weight)

    for leaf in leaves:
        leaf.act()
    for turn, rows in enumerate(turns):
        due = [row for row in rows if time % clocks[row] == 0]
        for row in due:
            sense(row)
        for row in due:
            # The uniform of an update is that of its row, except where rows are drawn: a row can
            # then come twice, and each update has a number of its own.
            infer(row, turn if schedule == "random" else row)
        for row in due:
            leaves[row].act()
        updated.update(due)
    return sorted(updated)


def learn_from_step(
    leaves: Sequence[Subparticle], rows: Sequence[int], learning_rate: FloatArray | None = None
) -> None:
    """Let the rows that updated learn, after the states of the whole step are new."""
    for row in rows:
        leaves[row].learn(None if learning_rate is None else float(learning_rate[row]))


def step_world(
    world: Partition,
    rng: np.random.Generator | int | None,
    schedule: str,
    mode: str,
    learn: bool,
) -> None:
    """Update every subparticle once; see `Partition.step`."""
    where = f"{world}.step"
    checked_schedule(schedule, where)
    checked_option(mode, MODES, where, "mode")
    generator = checked_generator(rng, where)
    leaves = world.subparticles
    if schedule == "langevin":
        for leaf in leaves:  # all of them, before any has moved
            refuse_jumping(leaf.distribution, str(leaf))
    uniforms, sites = draw_randomness(generator, len(leaves), schedule, mode)
    draw_noise(world, generator, mode)
    if world.parent is None:
        for external in world.externals:
            external.advance(generator)
            if learn:
                external.learn()
    set_biases(world.world, world.world.time)
    turns = update_turns(world, schedule, sites)
    rows = update_states(leaves, schedule, world.world.time, uniforms, turns)
    if learn:
        learn_from_step(leaves, rows)
    # Stepping a part moves the clock of the whole: there is one time.
    world.world.time += 1
