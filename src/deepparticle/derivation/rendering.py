"""Steps, checks and proofs as text for a terminal, and as Markdown for a notebook or a page."""

from __future__ import annotations

import textwrap

import numpy as np

from deepparticle.derivation.assumptions import ASSUMPTIONS
from deepparticle.derivation.check import Check, CounterExample
from deepparticle.derivation.proof import Proof
from deepparticle.derivation.step import Step

__all__ = [
    "WIDTH",
    "assumption_lines",
    "check_text",
    "counterexample_text",
    "number_text",
    "proof_markdown",
    "step_markdown",
    "step_text",
    "wrapped",
]

WIDTH = 88
"""Columns of text: what a terminal beside an editor has."""

# So many entries of a check are shown, the worst first; the rest is counted.
_ENTRIES = 6


def wrapped(text: str, indent: str = "") -> str:
    """Text in lines of at most `WIDTH` columns."""
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def number_text(value: float) -> str:
    """A number with as many digits as a person reads.

    Examples
    --------
    >>> number_text(0.123456789), number_text(-0.0), number_text(1234567.0)
    ('0.12346', '0', '1.2346e+06')
    """
    return f"{value + 0.0:.5g}"


def assumption_lines(check: Check) -> list[str]:
    """Which assumptions hold, one line each."""
    signs = {True: "✓", False: "✗", None: "·"}
    return [
        f"{signs[holds]} {ASSUMPTIONS[name].words}" for name, holds in check.assumptions.items()
    ]


def check_text(check: Check) -> str:
    """Both sides, the residual, and what it means."""
    if check.vacuous:
        return "nothing to compare: the partition has nothing that this equation speaks of"
    worst = np.argsort(-np.abs(check.left - check.right), kind="stable")[:_ENTRIES]
    names = check.entries or ("",) * check.left.size
    width = max(len(names[row]) for row in worst.tolist())
    left, right = check.left_name, check.right_name
    columns = [max(12, len(left)), max(12, len(right))]
    lines = [f"{'':{width}}  {left:>{columns[0]}}  {right:>{columns[1]}}"]
    lines += [
        f"{names[row]:{width}}  {number_text(check.left[row]):>{columns[0]}}"
        f"  {number_text(check.right[row]):>{columns[1]}}"
        for row in worst.tolist()
    ]
    more = check.left.size - len(worst)
    if more:
        lines.append(f"… and {more} more, which differ less")
    unit = f" {check.unit}" if check.unit else ""
    verdict = "both sides agree" if check.holds else "the sides differ"
    lines.append(f"{verdict}: residual {check.residual:.2g}{unit}, tolerance {check.tolerance:.2g}")
    if check.broken:
        lines.append(
            "not promised here, as an assumption does not hold: " + ", ".join(check.broken)
        )
    return "\n".join(lines)


def counterexample_text(example: CounterExample) -> str:
    """The case, and its two sides."""
    left, right = example.check.left, example.check.right
    shown = [
        f"{example.check.left_name} = {', '.join(map(number_text, left.tolist()))}",
        f"{example.check.right_name} = {', '.join(map(number_text, right.tolist()))}",
    ]
    return "\n".join([wrapped(example.words), *(f"  {line}" for line in shown)])


def step_text(one: Step) -> str:
    """A step without its check, as text."""
    from deepparticle.derivation.argument import STEPS, number_of

    lines = [
        f"{number_of(one)} of {len(STEPS)}: {one.title}  [{one.name}]",
        "",
        wrapped(one.statement),
        "",
        textwrap.indent(one.equation, "    "),
        "",
    ]
    if one.rests_on:
        lines.append(wrapped("Rests on: " + ", ".join(one.rests_on) + "."))
    if one.assumptions:
        lines.append(wrapped("Assumes: " + ", ".join(one.assumptions) + "."))
    lines.append(wrapped(f"In the manuscript: {one.source}."))
    if one.condition:
        lines += [
            "",
            wrapped(f"The manuscript says: {one.condition.published}"),
            wrapped(f"It needs: {one.condition.needed}"),
        ]
    return "\n".join(lines)


def step_markdown(one: Step) -> str:
    """A step without its check, as Markdown with LaTeX."""
    from deepparticle.derivation.argument import number_of

    lines = [
        f"### {number_of(one)}. {one.title}",
        one.statement,
        f"$$\n{one.latex}\n$$",
    ]
    if one.assumptions:
        named = "; ".join(f"*{name}*, ${ASSUMPTIONS[name].latex}$" for name in one.assumptions)
        lines.append(f"Assumes: {named}.")
    if one.rests_on:
        lines.append("Rests on: " + ", ".join(f"`{name}`" for name in one.rests_on) + ".")
    if one.condition:
        lines.append(
            f"**The manuscript says:** {one.condition.published} "
            f"**It needs:** {one.condition.needed}"
        )
    return "\n\n".join(lines)


def proof_markdown(proof: Proof) -> str:
    """The lines of a proof, as Markdown with LaTeX."""
    return "\n\n".join(
        f"{'✓' if line.holds else '✗'} {line.words}:\n\n$$\n{line.latex}\n$$"
        for line in proof.lines
    )
