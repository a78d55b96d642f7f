"""Symbolic proofs: chains of equations that a computer algebra system has checked when asked.

A proof is a function that builds its equations with sympy and has each of them reduced to 0; what
is stored is what came out, not what should have. sympy is an extra (``pip install
"deepparticle[lessons]"``).
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["Line", "Proof", "equality", "identity", "symbolic_algebra"]


def symbolic_algebra() -> Any:
    """The package sympy, or an error that says how to get it."""
    try:
        import sympy
    except ImportError:  # pragma: no cover - with the extra this cannot be reached
        raise SettingError(
            Fault(
                "a symbolic proof",
                "it is run by sympy",
                "sympy is not installed",
                'pip install "deepparticle[lessons]"',
            )
        ) from None
    return sympy


# As wide as the text around an equation.
_COLUMNS = 84


@dataclass(frozen=True)
class Line:
    """One equation of a proof.

    Parameters
    ----------
    words : str
        Why it is written down.
    left, right : sympy expression
    remainder : sympy expression
        What the algebra leaves of ``left - right``: 0 if it is proven.
    """

    words: str
    left: Any
    right: Any
    remainder: Any

    @property
    def holds(self) -> bool:
        """Whether the two sides are the same."""
        return bool(self.remainder == 0)

    @property
    def latex(self) -> str:
        """The equation, in LaTeX."""
        print_latex: Callable[[Any], str] = symbolic_algebra().latex
        return f"{print_latex(self.left)} = {print_latex(self.right)}"

    def __str__(self) -> str:
        sympy = symbolic_algebra()
        equation = sympy.Eq(self.left, self.right, evaluate=False)
        shown = sympy.pretty(equation, use_unicode=True, num_columns=_COLUMNS)
        return f"{self.words}:\n{textwrap.indent(shown, '    ')}"


@dataclass(frozen=True)
class Proof:
    """The equations of a step, each of them run.

    Parameters
    ----------
    lines : sequence of Line
    """

    lines: Sequence[Line]

    @property
    def holds(self) -> bool:
        """Whether every line does."""
        return all(line.holds for line in self.lines)

    def __str__(self) -> str:
        return "\n\n".join(f"{'✓' if line.holds else '✗'} {line}" for line in self.lines)

    def _repr_markdown_(self) -> str:
        return "\n\n".join(
            f"{'✓' if line.holds else '✗'} {line.words}:\n\n$$\n{line.latex}\n$$"
            for line in self.lines
        )


def equality(words: str, left: Any, right: Any) -> Line:
    """An equation that sympy is to prove: it is true if the difference simplifies to 0.

    Both sides are shown as given. Integrals and derivatives that have not been carried out are
    carried out for the difference.

    Examples
    --------
    >>> x = symbolic_algebra().Symbol("x", positive=True)
    >>> equality("squares", (x + 1) ** 2, x**2 + 2 * x + 1).holds
    True
    >>> equality("wrong", x, x + 1).remainder
    -1
    """
    sympy = symbolic_algebra()
    difference = sympy.expand((left - right).doit().rewrite(sympy.exp))
    return Line(words, left, right, sympy.simplify(difference))


def identity(words: str, left: Any, right: Any, remainder: Any) -> Line:
    """An equation whose difference was brought to `remainder` by other means than `equality`."""
    return Line(words, left, right, remainder)
