"""The lowering told as a lesson: which object became which slot, and the step as array code."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepparticle.compile.program import Program

__all__ = ["explanation", "step_code"]

_UPDATE = {
    "synchronous": [
        "h = b + J @ sigma                      # boundary states s_ij = J_ij sigma_j, summed",
        "theta = beta * (h + u)                 # prior prediction field and evidence",
        "sigma_new = sample(theta, uniforms)    # or mean(theta): deterministic",
    ],
    "sequential": [
        "for i in range(N):                     # row order, each sees the newest neighbours",
        "    h[i] = b[i] + J[i] @ sigma",
        "    theta[i] = beta[i] * (h[i] + u[i])",
        "    sigma[i] = sample(theta[i], uniforms[i])",
    ],
    "chromatic": [
        "for rows in colours:                   # no two rows of a colour touch each other",
        "    h[rows] = b[rows] + J[rows] @ sigma",
        "    theta[rows] = beta[rows] * (h[rows] + u[rows])",
        "    sigma[rows] = sample(theta[rows], uniforms[rows])",
    ],
    "random": [
        "for k in range(N):                     # N single-site updates, drawn with replacement",
        "    i = sites[k]",
        "    h[i] = b[i] + J[i] @ sigma",
        "    theta[i] = beta[i] * (h[i] + u[i])",
        "    sigma[i] = sample(theta[i], uniforms[k])",
    ],
}


def step_code(program: Program) -> str:
    """One step of a program as a few lines of array code."""
    lines = []
    if not program.same_clock:
        lines.append("due = t % clock == 0                   # rows that are held keep everything")
    lines += _UPDATE[program.schedule]
    if program.plastic.any():
        mask = "" if program.learns_everywhere else " * plastic"
        lines += [
            "epsilon = sigma_new - mean(h)          # prediction error, without evidence or beta",
            f"J += outer(alpha * epsilon, sigma_new){mask}   # diagonal stays 0",
        ]
    return "\n".join(lines)


def explanation(program: Program, limit: int) -> str:
    """The whole lesson, at most `limit` objects long."""
    lines = [repr(program), "", "passes"]
    lines += [f"  {report}" for report in program.passes]
    total = (
        program.size
        + int(program.exists.sum())
        + len(program.externals)
        + sum(slot.sensing.size + slot.acting.size for slot in program.externals)
    )
    lines += ["", "object → slot"]
    shown = list(islice(program.slots(), limit))
    width = max(len(path) for path, _ in shown)
    lines += [f"  {path:<{width}}  {slot}" for path, slot in shown]
    if total > limit:
        lines.append(f"  … and {total - limit} more; ask program.slot(path)")
    lines += ["", f"one step ({program.schedule})"]
    lines += [f"  {line}" for line in step_code(program).splitlines()]
    kinds = ", ".join(f"{group.rows.size} × {group.distribution!r}" for group in program.groups)
    lines += ["", f"sample and mean are those of: {kinds}"]
    return "\n".join(lines)
