"""The argument: all steps in order, what rests on what, and how to find one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import nearest
from deepparticle.derivation.step import Step
from deepparticle.derivation.steps import (
    broken_detailed_balance,
    complexity_accuracy,
    continuous_bernoulli,
    delta_couplings,
    evidence_and_bias,
    flows,
    free_energy,
    inference_rule,
    joint_law,
    learning_rule,
    local_free_energy,
    macro_posterior,
    marginalisation,
    orthogonalisation,
    ownership,
    particular_partition,
    recursion,
    schedules,
    subparticles,
    symmetry,
)

if TYPE_CHECKING:
    import networkx

__all__ = ["STEPS", "dependencies", "number_of", "step"]

STEPS: tuple[Step, ...] = (
    flows.STEP,
    particular_partition.STEP,
    free_energy.STEP,
    subparticles.STEP,
    continuous_bernoulli.STEP,
    delta_couplings.STEP,
    marginalisation.STEP,
    joint_law.STEP,
    symmetry.STEP,
    local_free_energy.STEP,
    complexity_accuracy.STEP,
    inference_rule.STEP,
    evidence_and_bias.STEP,
    schedules.STEP,
    learning_rule.STEP,
    ownership.STEP,
    orthogonalisation.STEP,
    macro_posterior.STEP,
    broken_detailed_balance.STEP,
    recursion.STEP,
)
"""The steps in order: each rests on steps before it only."""

_NUMBERS = {one.name: number for number, one in enumerate(STEPS, start=1)}


def number_of(one: Step) -> int:
    """Its place in the argument, from 1 on."""
    return _NUMBERS[one.name]


def step(reference: str | int) -> Step:
    """Find a step by its name, or by its number from 1 on.

    Raises
    ------
    SettingError
        If there is none; the message names the closest.

    Examples
    --------
    >>> step("joint-law").title
    'The joint law, and its factor ½'
    >>> step("joint law")
    Traceback (most recent call last):
        ...
    deepparticle.blankets.errors.SettingError: derivation: there is a step of that name \
(got 'joint law'). Mend: did you mean 'joint-law'?
    """
    name = str(reference).strip()
    if name in _NUMBERS:
        return STEPS[_NUMBERS[name] - 1]
    if name.lstrip("-").isdecimal():
        if 1 <= int(name) <= len(STEPS):
            return STEPS[int(name) - 1]
        raise SettingError(
            Fault(
                "derivation",
                f"steps are numbered from 1 to {len(STEPS)}",
                name,
                "give one of these numbers, or a name",
            )
        )
    close = nearest(name, tuple(_NUMBERS), 1)
    mend = f"did you mean {close[0]!r}?" if close else f"the names are {', '.join(_NUMBERS)}"
    raise SettingError(Fault("derivation", "there is a step of that name", repr(reference), mend))


def dependencies() -> networkx.DiGraph:
    """The argument as a directed acyclic graph: an edge leads from a step to one that rests on it.

    Returns
    -------
    networkx.DiGraph
        Nodes are names, with ``number`` and ``title``.

    Examples
    --------
    >>> import networkx
    >>> networkx.is_directed_acyclic_graph(dependencies())
    True
    """
    import networkx

    graph = networkx.DiGraph()
    for number, one in enumerate(STEPS, start=1):
        graph.add_node(one.name, number=number, title=one.title)
    for one in STEPS:
        graph.add_edges_from((premise, one.name) for premise in one.rests_on)
    return graph
