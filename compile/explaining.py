"""The lowering told as a lesson: which object became which slot, and the step as array code."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepparticle.compile.program import Program

__all__ = ["explanation", "step_code"]


def _update_lines(schedule: str, clocked: bool) -> list[str]:
    if schedule == "langevin":
        lines = [
            "h = b + J @ sigma                      # boundary states s_ij = J_ij sigma_j, summed",
            "theta = beta * (h + u)                 # prior prediction field and evidence",
            "z = normal_quantile(uniforms)          # or 0, and walls that stop: deterministic",
            "f = slope(theta, sigma)                # of the log density; theta between walls",
            "sigma_new = fold(sigma + tau * f + sqrt(2 * tau) * z)",
        ]
        return lines + ["sigma_new = where(due, sigma_new, sigma)"] * clocked
    if schedule == "synchronous":
        lines = [
            "h = b + J @ sigma                      # boundary states s_ij = J_ij sigma_j, summed",
            "theta = beta * (h + u)                 # prior prediction field and evidence",
            "sigma_new = sample(theta, uniforms)    # or mean(theta): deterministic",
        ]
        return lines + ["sigma_new = where(due, sigma_new, sigma)"] * clocked
    if schedule == "random":
        return [
            "for k in range(N):                     # single-site updates, drawn with replacement",
            "    i = sites[k]",
            *["    if not due[i]: continue"] * clocked,
            "    h[i] = b[i] + J[i] @ sigma",
            "    theta[i] = beta[i] * (h[i] + u[i])",
            "    sigma[i] = sample(theta[i], uniforms[k])",
        ]
    if schedule == "sequential":
        rows, loop = "i", "for i in range(N):                     # row order, each sees the newest"
        held = ["    if not due[i]: continue"]
    else:
        rows, loop = "rows", "for rows in turns:                     # rows that update at once"
        if schedule == "chromatic":
            loop = "for rows in colours:                   # rows that do not touch"
        held = ["    rows = rows[due[rows]]"]
    return [
        loop,
        *held * clocked,
        f"    h[{rows}] = b[{rows}] + J[{rows}] @ sigma",
        f"    theta[{rows}] = beta[{rows}] * (h[{rows}] + u[{rows}])",
        f"    sigma[{rows}] = sample(theta[{rows}], uniforms[{rows}])",
    ]


def step_code(program: Program) -> str:
    """One step of a program as a few lines of array code."""
    clocked = not program.same_clock
    lines = [
        "due = t % clock == 0                   # rows that are held keep everything"
    ] * clocked
    lines += ["b = biases(t)                          # those that change in time"] * bool(
        program.biases
    )
    lines += ["b = b + bincount(noisy, sd * z)        # the noise of boundary states"] * (
        program.noise is not None
    )
    lines += _update_lines(program.schedule, clocked)
    new = "sigma_new" if program.at_once else "sigma"
    if program.plastic.any():
        mask = "" if program.learns_everywhere else " * plastic"
        updated = ["isin(arange(N), sites)"] * (program.schedule == "random") + ["due"] * clocked
        lines.append("# prediction error, without evidence or beta; the diagonal of J stays 0")
        lines.append(f"epsilon = {new} - mean(h)")
        if updated:
            lines.append(f"epsilon = where({' & '.join(updated)}, epsilon, 0)")
        lines.append(f"J += outer(alpha * epsilon, {new}){mask}")
    if program.at_once:
        lines.append("sigma = sigma_new")
    return "\n".join(lines)


def explanation(program: Program, limit: int) -> str:
    """The whole lesson, at most `limit` objects long."""
    lines = [repr(program), "", "passes"]
    lines += [f"  {report}" for report in program.passes]
    total = (
        program.size
        + program.coupling_count
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
    used = "slope, fold and mean" if program.diffuses else "sample and mean"
    lines += ["", f"{used} are those of: {kinds}"]
    return "\n".join(lines)
