"""A walk through the derivation, on a partition whose numbers can be changed on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import INHERITED
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import nearest
from deepparticle.blankets.numbers import checked_count
from deepparticle.derivation.argument import STEPS, number_of, step
from deepparticle.derivation.check import Check
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import subject_of
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Walk", "walk"]

# What can be given another number: of a subparticle, of an external state, of a partition.
_NUMBERS = ("bias", "state", "value", *(name for name in INHERITED if name != "learning_rule"))

_ARROW = re.compile(r"\s*(?:→|->)\s*")


class Walk:
    """Where one is in the argument, and on which numbers it is checked.

    Parameters
    ----------
    partition : Partition
        Is copied; `set` changes the copy.
    at : str or int
        The step to begin with.
    seed : int
        For what the checks draw.

    Examples
    --------
    >>> world = Partition("world")
    >>> a, b = world.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple(a, b, 1.0), world.couple(b, a, 1.0)
    >>> course = Walk(world, at="joint-law")
    >>> course.check
    <Check: slope of c·σ + ½ σᵀKσ in σ_i = θ_i = c_i + Σ_j K_ij σ_j, holds, residual 0 over 40>
    >>> course.set("a -> b", 3.0).check.holds  # no longer symmetric
    False
    >>> course.check.broken
    ('symmetric couplings',)
    """

    def __init__(self, partition: Partition, at: str | int = 1, seed: int = 0) -> None:
        self.partition: Partition = subject_of(partition, seed).copy()
        """The copy that the checks are made on."""
        self.seed = seed
        self._number = number_of(step(at))

    @property
    def step(self) -> Step:
        """The step one is at."""
        return STEPS[self._number - 1]

    @property
    def check(self) -> Check:
        """Both sides of this step, on the numbers of this moment."""
        return self.step.check(self.partition, self.seed)

    def forward(self) -> Walk:
        """Go on to the next step; at the last one stay."""
        self._number = min(self._number + 1, len(STEPS))
        return self

    def back(self) -> Walk:
        """Go back to the step before; at the first one stay."""
        self._number = max(self._number - 1, 1)
        return self

    def go(self, reference: str | int) -> Walk:
        """Go to a step by its name or number."""
        self._number = number_of(step(reference))
        return self

    def set(self, what: str, value: float) -> Walk:
        """Give something another number.

        Parameters
        ----------
        what : str
            ``"brain/a.bias"`` (or ``state``, ``precision``, ``learning_rate``, ``clock``, …);
            ``"precision"`` alone for the whole partition; ``"scene.value"`` for an external state;
            ``"brain/a -> brain/b"`` for a coupling; ``"seed"``.
        value : float

        Returns
        -------
        Walk
            Itself.

        Raises
        ------
        SettingError, SettingTypeError, UnknownPathError
            For something that there is not, and a number that it cannot have.
        """
        if not isinstance(what, str):
            raise SettingTypeError(
                Fault(
                    "derivation",
                    "what is set is named",
                    repr(what),
                    'write "precision" or "path.bias", for example',
                )
            )
        if what == "seed":
            self.seed = checked_count(_whole(value), "derivation", "seed")
            return self
        ends = _ARROW.split(what.strip())
        if len(ends) == 2:
            self._weigh(ends[0], ends[1], value)
            return self
        path, _, name = what.strip().rpartition(".")
        member = self.partition.resolve(path) if path else self.partition
        if name not in _NUMBERS or not hasattr(type(member), name):
            known = [one for one in _NUMBERS if hasattr(type(member), one)]
            close = nearest(name, known, 1)
            raise SettingError(
                Fault(
                    str(member),
                    f"what can be set is {', '.join(known)}",
                    repr(name),
                    f"did you mean {close[0]!r}?" if close else 'write "path.bias", for example',
                )
            )
        setattr(member, name, _whole(value) if name == "clock" else value)
        return self

    def _weigh(self, source: str, target: str, weight: float) -> None:
        ends = [self.partition.resolve(path) for path in (source, target)]
        for end in ends:
            if not isinstance(end, Subparticle | ExternalState):
                raise SettingError(
                    Fault(
                        f"{source} → {target}",
                        "a boundary state joins two subparticles, or one and an external state",
                        f"{end.path!r}, a {type(end).__name__}",
                        "name the two ends by their paths; `world.couple` couples whole blocks",
                    )
                )
        pair = (ends[0].path, ends[1].path)
        known = (one for one in self.partition.boundaries() if _ends(one) == pair)
        found = next(known, None)
        if found is not None:
            found.weight = weight
        elif ends[0].is_external:
            self.partition.sense(ends[0], ends[1], weight)
        elif ends[1].is_external:
            self.partition.act(ends[0], ends[1], weight)
        else:
            self.partition.couple(ends[0], ends[1], weight)

    def figure(self) -> Figure:
        """Draw the step, on the numbers of this moment."""
        return self.step.figure(self.partition, self.seed)

    def __str__(self) -> str:
        check = self.check
        parts = [f"{self._number} of {len(STEPS)}: {self.step}"]
        if check.assumptions:
            parts.append("\n".join(["On this partition:", *check.assumption_lines]))
        parts.append(str(check))
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return f"<Walk at {self._number} of {len(STEPS)}, {self.step.name!r}, on {self.partition}>"

    def _repr_markdown_(self) -> str:
        check, example = self.check, self.step.counterexample()
        shown = self.step._repr_markdown_().replace("### ", f"### {self._number}. ", 1)
        parts = [shown, f"```text\n{check}\n```"]
        try:
            proof = self.step.prove()
        except SettingError as error:  # without sympy all else is still worth showing
            parts.append(f"**Proof.** {error}")
        else:
            parts += [f"**Proof.**\n\n{proof._repr_markdown_()}"] if proof else []
        if example:
            parts.append(f"**Counter-example.**\n\n```text\n{example}\n```")
        return "\n\n".join(parts)


def _ends(boundary: Boundary) -> tuple[str, str]:
    return boundary.source.path, boundary.target.path


def _whole(value: object) -> object:
    """A float that is a whole number as an int, as clocks and seeds want it; others stay."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def walk(partition: Partition, at: str | int = 1, seed: int = 0) -> Walk:
    """Go through the derivation step by step, on a partition of one's own.

    In a notebook the result shows the step it is at, with its proof, its check on the partition
    and its counter-example; `Walk.forward` and `Walk.back` move, `Walk.set` changes a number.

    Parameters
    ----------
    partition : Partition
        Is not changed.
    at : str or int
        The step to begin with, by name or number.
    seed : int

    Returns
    -------
    Walk

    Raises
    ------
    SettingError, SettingTypeError
        For what is no partition, and a step that there is not.

    Examples
    --------
    >>> world = Partition("world")
    >>> _ = world.add_subparticle("a", bias=1.0)
    >>> walk(world).go("continuous-bernoulli").check.holds
    True
    """
    return Walk(partition, at, seed)
