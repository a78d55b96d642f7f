"""The distributions that kernels know, one or several in a network.

Rows of a network mostly share one family. A kernel is told which by its code, once; `MIXED` stands
for rows of several families, which are all computed and then selected by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.spin import Spin
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.native import mathematics
from deepparticle.compile.backends.native.compiling import inlined
from deepparticle.compile.backends.native.lanes import formula, load
from deepparticle.compile.backends.native.mathematics import CONTINUOUS_BERNOULLI, GAUSSIAN, SPIN
from deepparticle.compile.program import Program

__all__ = [
    "MIXED",
    "diffused_rows",
    "drifted_rows",
    "expected_rows",
    "expected_row",
    "families",
    "sampled_row",
    "sampled_rows",
    "unknown_families",
]

MIXED = 3

_CODES: dict[type, int] = {
    ContinuousBernoulli: CONTINUOUS_BERNOULLI,
    Spin: SPIN,
    Gaussian: GAUSSIAN,
}


def unknown_families(program: Program) -> list[str]:
    """The names of the distributions of a program that kernels do not know."""
    found = (type(group.distribution) for group in program.groups)
    return sorted({kind.__name__ for kind in found if kind not in _CODES})


def families(program: Program) -> tuple[int, FloatArray, FloatArray]:
    """The code that all rows share, or `MIXED`; the code and the base variance of each row."""
    codes, variances = np.zeros(program.size), np.ones(program.size)
    for group in program.groups:
        codes[group.rows] = _CODES[type(group.distribution)]
        if isinstance(group.distribution, Gaussian):
            variances[group.rows] = group.distribution.base_variance
    common = int(codes[0]) if np.all(codes == codes[0]) else MIXED
    # Gaussian states alone have no kernel of their own: they are solved by linear algebra.
    return (MIXED if common == GAUSSIAN else common), codes, variances


_continuous_bernoulli_quantile = formula(mathematics.continuous_bernoulli_quantile)
_continuous_bernoulli_mean = formula(mathematics.continuous_bernoulli_mean)
_spin_quantile = formula(mathematics.spin_quantile)
_spin_mean = formula(mathematics.spin_mean)
_mixed_quantile = formula(mathematics.mixed_quantile)
_mixed_mean = formula(mathematics.mixed_mean)
_continuous_bernoulli_diffused = formula(mathematics.continuous_bernoulli_diffused)
_continuous_bernoulli_drifted = formula(mathematics.continuous_bernoulli_drifted)
_mixed_diffused = formula(mathematics.mixed_diffused)
_mixed_drifted = formula(mathematics.mixed_drifted)


@inlined
def sampled_rows(code: Any, kinds: Any, variances: Any, at: Any, bias: Any, uniform: Any) -> Any:
    """The states of sixteen rows from `at` on, at uniform numbers."""
    if code == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_quantile(bias, uniform)
    if code == SPIN:
        return _spin_quantile(bias, uniform)
    return _mixed_quantile(load(kinds, at), load(variances, at), bias, uniform)


@inlined
def expected_rows(code: Any, kinds: Any, variances: Any, at: Any, bias: Any) -> Any:
    """The expected states of sixteen rows from `at` on."""
    if code == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_mean(bias)
    if code == SPIN:
        return _spin_mean(bias)
    return _mixed_mean(load(kinds, at), load(variances, at), bias)


@inlined
def diffused_rows(
    code: Any,
    kinds: Any,
    variances: Any,
    at: Any,
    bias: Any,
    state: Any,
    time_step: Any,
    uniform: Any,
) -> Any:
    """The states of sixteen rows from `at` on a time step later, at uniform numbers."""
    if code == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_diffused(bias, state, time_step, uniform)
    return _mixed_diffused(load(kinds, at), load(variances, at), bias, state, time_step, uniform)


@inlined
def drifted_rows(
    code: Any, kinds: Any, variances: Any, at: Any, bias: Any, state: Any, time_step: Any
) -> Any:
    """The same without noise."""
    if code == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_drifted(bias, state, time_step)
    return _mixed_drifted(load(kinds, at), load(variances, at), bias, state, time_step)


@inlined
def sampled_row(kinds: Any, variances: Any, row: Any, bias: Any, uniform: Any) -> Any:
    """The state of one row, at a uniform number."""
    if kinds[row] == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_quantile(bias, uniform)
    if kinds[row] == SPIN:
        return _spin_quantile(bias, uniform)
    return _mixed_quantile(kinds[row], variances[row], bias, uniform)


@inlined
def expected_row(kinds: Any, variances: Any, row: Any, bias: Any) -> Any:
    """The expected state of one row."""
    if kinds[row] == CONTINUOUS_BERNOULLI:
        return _continuous_bernoulli_mean(bias)
    if kinds[row] == SPIN:
        return _spin_mean(bias)
    return _mixed_mean(kinds[row], variances[row], bias)
