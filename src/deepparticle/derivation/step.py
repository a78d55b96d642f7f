"""A step of the derivation: what it states, from what, why, and how to see that it is so."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepparticle.derivation.assumptions import ASSUMPTIONS
from deepparticle.derivation.check import Check, Condition, CounterExample
from deepparticle.derivation.proof import Proof
from deepparticle.derivation.subject import Subject, subject_of
from deepparticle.derivation.text import wrapped
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """One step of the argument.

    Parameters
    ----------
    name : str
        What it is called in code and on the command line, ``"inference-rule"``.
    title : str
    statement : str
        What is claimed, in words, for someone who knows Bayes' rule.
    equation : str
        The same in one or more lines of plain text, for a terminal.
    latex : str
        The same in LaTeX.
    assumptions : tuple of str
        The names of what is assumed here for the first time, or used again.
    rests_on : tuple of str
        The names of the steps that it uses.
    source : str
        Where the manuscript says it.
    comparing : callable
        Makes the numerical check of a `Subject`.
    drawing : callable
        Makes the figure of a `Subject`.
    proving : callable, optional
        Makes the symbolic proof, where algebra suffices.
    condition : Condition, optional
        What the manuscript's wording needs.
    refuting : callable, optional
        Makes the counter-example that shows why.
    symbols : mapping of str to str
        What each symbol means that the equation is the first in the argument to use.
    """

    name: str
    title: str
    statement: str
    equation: str
    latex: str
    assumptions: tuple[str, ...]
    rests_on: tuple[str, ...]
    source: str
    comparing: Callable[[Subject], Check]
    drawing: Callable[[Subject], Figure]
    proving: Callable[[], Proof] | None = None
    condition: Condition | None = None
    refuting: Callable[[], CounterExample] | None = None
    symbols: Mapping[str, str] = field(default_factory=dict)

    def prove(self) -> Proof | None:
        """Run the symbolic proof; None where the step is not a matter of algebra.

        Raises
        ------
        SettingError
            Without sympy (extra ``lessons``).
        """
        return self.proving() if self.proving else None

    def check(self, partition: Partition | Subject, seed: int = 0) -> Check:
        """Compute both sides on a partition.

        Parameters
        ----------
        partition : Partition
            Is not changed.
        seed : int
            For what is drawn: states at which an equation between functions is compared.

        Returns
        -------
        Check
            ``left``, ``right``, ``residual``, ``holds``, and which assumptions hold: where one
            does not, the sides may differ, and the check says so.
        """
        subject = subject_of(partition, seed)
        known = {name: ASSUMPTIONS[name].holds(subject) for name in self.assumptions}
        return self.comparing(subject).under(known)

    def counterexample(self) -> CounterExample | None:
        """The case in which the manuscript's wording fails, computed; None where it stands."""
        return self.refuting() if self.refuting else None

    def figure(self, partition: Partition | Subject, seed: int = 0) -> Figure:
        """Draw the step on a partition; parameters as of `check`."""
        return self.drawing(subject_of(partition, seed))

    def __str__(self) -> str:
        lines = [
            f"{self.title}  [{self.name}]",
            "",
            wrapped(self.statement),
            "",
            textwrap.indent(self.equation, "    "),
            "",
        ]
        if self.symbols:
            lines += [wrapped(f"Here {self._where('')}."), ""]
        if self.rests_on:
            lines.append(wrapped("Rests on: " + ", ".join(self.rests_on) + "."))
        if self.assumptions:
            lines.append(wrapped("Assumes: " + ", ".join(self.assumptions) + "."))
        lines.append(wrapped(f"In the manuscript: {self.source}."))
        if self.condition:
            lines += [
                "",
                wrapped(f"The manuscript says: {self.condition.published}"),
                wrapped(f"It needs: {self.condition.needed}"),
            ]
        return "\n".join(lines)

    def _where(self, quote: str) -> str:
        """The symbols that are new, each in quotes or not, and what they mean."""
        return "; ".join(
            f"{quote}{symbol}{quote} means {meaning}" for symbol, meaning in self.symbols.items()
        )

    def __repr__(self) -> str:
        return f"<Step {self.name!r}: {self.title}>"

    def _repr_markdown_(self) -> str:
        lines = [f"### {self.title}", self.statement, f"$$\n{self.latex}\n$$"]
        if self.symbols:
            lines.append(f"Here {self._where('`')}.")
        if self.assumptions:
            named = [f"*{name}*, ${ASSUMPTIONS[name].latex}$" for name in self.assumptions]
            lines.append(f"Assumes: {'; '.join(named)}.")
        if self.rests_on:
            lines.append("Rests on: " + ", ".join(f"`{name}`" for name in self.rests_on) + ".")
        if self.condition:
            lines.append(
                f"**The manuscript says:** {self.condition.published} "
                f"**It needs:** {self.condition.needed}"
            )
        return "\n\n".join(lines)
