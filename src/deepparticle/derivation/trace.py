r"""One inference-and-learning step of every subparticle, as equations with live numbers.

.. math:: s_{ij} = J_{ij}\sigma_j, \quad h_i = b_i + \sum_j s_{ij}, \quad
          \theta_i = \beta_i(h_i + u_i), \quad \sigma_i' \sim p(\cdot\,;\theta_i), \quad
          \Delta J_{ij} = \alpha_i\,(\sigma_i' - L(h_i))\,\sigma_j' .

F is the free energy of a particle, its complexity minus its accuracy. The numbers are read off a
copy of the world that takes the step itself: nothing is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.conditional import BoundaryConditional
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.derivation.subject import subject_of
from deepparticle.derivation.text import number_text
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.schedules import checked_schedule
from deepparticle.partitions.stepping import (
    MODES,
    checked_generator,
    checked_option,
    update_turns,
)

__all__ = ["ParticleTrace", "Sensed", "Trace", "trace"]

# Schedules in which a row may update twice in a step, or moves instead of being drawn anew.
_OTHERS = ("random", "langevin")


@dataclass(frozen=True)
class Sensed:
    """What came in through one boundary state, and what it learned.

    Parameters
    ----------
    source : str
        The path of what is behind it.
    weight, source_state, value : float
        J_ij or w_i, σ_j or η, and s_ij or s_i.
    new_source_state : float
        σ'_j, which the published rule uses.
    change : float
        ΔJ_ij.
    external : bool
    """

    source: str
    weight: float
    source_state: float
    value: float
    new_source_state: float
    change: float
    external: bool


@dataclass(frozen=True)
class ParticleTrace:
    """The step of one subparticle.

    Parameters
    ----------
    path : str
    due : bool
        Whether its clock let it update; a subparticle that is held keeps everything.
    bias, precision, learning_rate : float
    sensed : tuple of Sensed
    field, evidence, argument : float
        h_i, u_i and θ_i.
    old_state, expectation, state : float
        σ_i, L(θ_i) and σ'_i.
    complexity, accuracy : float
        Of its free energy at b_q = θ_i, in nats.
    prediction : float
        L(h_i).
    rule : str
        Its learning rule.
    """

    path: str
    due: bool
    bias: float
    precision: float
    learning_rate: float
    sensed: tuple[Sensed, ...]
    field: float
    evidence: float
    argument: float
    old_state: float
    expectation: float
    state: float
    complexity: float
    accuracy: float
    prediction: float
    rule: str

    @property
    def error(self) -> float:
        """ε_i = σ'_i − L(h_i)."""
        return self.state - self.prediction

    def equations(self) -> list[tuple[str, str]]:
        """What was done, and the equation with its numbers, in order."""
        if not self.due:
            return [("hold", f"its clock is not due: σ = {number_text(self.old_state)} stays")]
        n = number_text
        lines = [
            ("sense", f"s[{one.source}] = {n(one.weight)} × {n(one.source_state)} = {n(one.value)}")
            for one in self.sensed
        ]
        inner = [n(one.value) for one in self.sensed if not one.external]
        total = " + ".join([n(self.bias), *inner])
        weighed = f"{n(self.precision)} × ({n(self.field)} + {n(self.evidence)})"
        terms = f"{n(self.complexity)} − {n(self.accuracy)}"
        energy = n(self.complexity - self.accuracy)
        lines += [
            ("sense", f"h = b + Σ s = {total} = {n(self.field)}"),
            ("infer", f"θ = β (h + u) = {weighed} = {n(self.argument)}"),
            ("infer", f"L(θ) = {n(self.expectation)},  σ' = {n(self.state)}"),
            ("infer", f"F = complexity − accuracy = {terms} = {energy} nats"),
            ("learn", f"ε = σ' − L(h) = {n(self.state)} − {n(self.prediction)} = {n(self.error)}"),
        ]
        for one in self.sensed:
            if one.external:
                continue
            if self.rule == "published":
                formula = (
                    f"α ε σ'[{one.source}] = {n(self.learning_rate)} × {n(self.error)} × "
                    f"{n(one.new_source_state)} = {n(one.change)}"
                )
            else:
                formula = f"{n(one.change)}  (rule {self.rule!r})"
            lines.append(("learn", f"ΔJ[{one.source}] = {formula}"))
        return lines


@dataclass(frozen=True)
class Trace:
    """Steps of a world, particle by particle.

    Parameters
    ----------
    world : str
        Its name.
    schedule, mode : str
    steps : tuple of tuple of ParticleTrace
        For each step, the subparticles in row order.
    """

    world: str
    schedule: str
    mode: str
    steps: tuple[tuple[ParticleTrace, ...], ...]

    def __str__(self) -> str:
        lines = []
        for number, particles in enumerate(self.steps, start=1):
            lines.append(f"step {number} of {self.world!r}, {self.schedule}, {self.mode}")
            for particle in particles:
                lines += ["", particle.path]
                lines += [f"  {what:<6} {formula}" for what, formula in particle.equations()]
            lines.append("")
        return "\n".join(lines[:-1])

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        lines = []
        for number, particles in enumerate(self.steps, start=1):
            lines.append(f"**Step {number}** of `{self.world}`, {self.schedule}, {self.mode}")
            for particle in particles:
                rows = [f"| {what} | `{formula}` |" for what, formula in particle.equations()]
                lines.append("\n".join([f"| `{particle.path}` | |", "|---|---|", *rows]))
        return "\n\n".join(lines)


def trace(
    partition: Partition,
    steps: int = 1,
    *,
    schedule: str = "synchronous",
    mode: str = "stochastic",
    seed: Any = 0,
) -> Trace:
    """Write down one step, or several, of a copy of a world as equations with numbers.

    Parameters
    ----------
    partition : Partition
        Is not changed. Of a partition inside a world, what is around it is left out.
    steps : int
        How many, at least 1.
    schedule : str
        ``"synchronous"``, ``"sequential"``, ``"chromatic"``, or a registered one whose rows take
        turns.
    mode : {"stochastic", "deterministic"}
    seed : int or numpy.random.Generator

    Returns
    -------
    Trace
        Shows itself as text, and as a table in a notebook; the numbers are its attributes.

    Raises
    ------
    SettingError
        For another schedule or mode, and for more subparticles than anyone would read.

    Examples
    --------
    >>> world = Partition("world", learning_rate=0.1)
    >>> a = world.add_subparticle("a", bias=0.5, state=0.4)
    >>> b = world.add_subparticle("b")
    >>> _ = world.couple(a, b, 2.0)
    >>> print(trace(world, mode="deterministic"))
    step 1 of 'world', synchronous, deterministic
    <BLANKLINE>
    a
      sense  h = b + Σ s = 0.5 = 0.5
      infer  θ = β (h + u) = 1 × (0.5 + 0) = 0.5
      infer  L(θ) = 0.16395,  σ' = 0.16395
      infer  F = complexity − accuracy = 0 − 0 = 0 nats
      learn  ε = σ' − L(h) = 0.16395 − 0.16395 = 0
    <BLANKLINE>
    b
      sense  s[a] = 2 × 0.4 = 0.8
      sense  h = b + Σ s = 0 + 0.8 = 0.8
      infer  θ = β (h + u) = 1 × (0.8 + 0) = 0.8
      infer  L(θ) = 0.25594,  σ' = 0.25594
      infer  F = complexity − accuracy = 0.10027 − 0.20475 = -0.10448 nats
      learn  ε = σ' − L(h) = 0.25594 − 0.25594 = 0
      learn  ΔJ[a] = α ε σ'[a] = 0.1 × 0 × 0.16395 = 0
    """
    where = "trace"
    count = checked_count(steps, where, "steps", 1)
    checked_option(mode, MODES, where, "mode")
    checked_schedule(schedule, where)
    if schedule in _OTHERS:
        raise SettingError(
            Fault(
                where,
                "every subparticle is drawn once per step",
                f"the schedule {schedule!r}",
                'use schedule="synchronous" or "sequential"',
            )
        )
    world = subject_of(partition).copy()
    rng = checked_generator(seed, where)
    done = tuple(_one_step(world, rng, schedule, mode) for _ in range(count))
    return Trace(str(partition), schedule, mode, done)


def _one_step(
    world: Partition, rng: np.random.Generator, schedule: str, mode: str
) -> tuple[ParticleTrace, ...]:
    """Take the step, and read off what everyone saw and did."""
    leaves = world.subparticles
    paths = [leaf.path for leaf in leaves]
    turns = update_turns(world, schedule, None)
    turn_of = {paths[row]: turn for turn, rows in enumerate(turns) for row in rows}
    before = {leaf.path: leaf.state for leaf in leaves}
    conditionals = {
        (boundary.source.path, leaf.path): boundary.conditional
        for leaf in leaves
        for boundary in leaf.incoming()
    }
    time = world.time
    world.step(rng, schedule, mode=mode)

    def sensed(boundary: Boundary) -> Sensed:
        source, target = boundary.source, boundary.target.path
        conditional = conditionals[source.path, target]
        if source.is_external:
            shown = source.emission(boundary)
            return Sensed(source.path, boundary.weight, shown, boundary.state, shown, 0.0, True)
        new = source.presynaptic(boundary)
        earlier = turn_of[source.path] < turn_of[target]
        shown = new if earlier else before[source.path]
        return Sensed(
            source=source.path,
            weight=conditional.weight,
            source_state=shown,
            value=_value(conditional, shown, boundary.deviate),
            new_source_state=new,
            change=boundary.weight - conditional.weight,
            external=False,
        )

    return tuple(
        _particle(
            leaf,
            time % leaf.clock == 0,
            before[leaf.path],
            tuple(sensed(boundary) for boundary in leaf.incoming()),
        )
        for leaf in leaves
    )


def _value(conditional: BoundaryConditional, shown: float, deviate: float) -> float:
    if conditional.is_noisy:
        return conditional.sample(shown, deviate)
    return conditional.value(shown)


def _particle(
    leaf: Subparticle, due: bool, old_state: float, sensed: tuple[Sensed, ...]
) -> ParticleTrace:
    energy = leaf.free_energy()
    return ParticleTrace(
        path=leaf.path,
        due=due,
        bias=leaf.bias,
        precision=leaf.precision,
        learning_rate=leaf.learning_rate,
        sensed=sensed,
        field=leaf.field,
        evidence=leaf.evidence,
        argument=leaf.argument,
        old_state=old_state,
        expectation=leaf.distribution.mean(leaf.argument),
        state=leaf.state,
        complexity=energy.complexity,
        accuracy=energy.accuracy,
        prediction=leaf.prediction,
        rule=leaf.learning_rule,
    )
