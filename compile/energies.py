r"""The free energies, each under its own name (never one for another).

**local**
    :math:`\sum_i F_i`, what each subparticle can know from its own blanket; at the inferred
    :math:`b_q = \theta_i` it is :math:`\sum_i \phi(\beta_i b_i) - \phi(\theta_i)`: complexity
    :math:`\mathrm{KL}[p(\cdot;\theta_i)\,\|\,p(\cdot;\beta_i b_i)]` minus accuracy
    :math:`\beta_i L(\theta_i)\,(\sum_j J_{ij}\sigma_j + u_i)`, of which
    :math:`\theta_i - \beta_i b_i` is the second factor, precision included.
**mean-field**
    :math:`F_{MF}(m) = -c\cdot m - \tfrac12 m^T K m - \sum_i H(m_i)` with
    :math:`K = \mathrm{diag}(\beta)J`, :math:`c = \beta(b+u)`, recorded at :math:`m = L(\theta)`
    with :math:`H = \phi(\theta) - \theta m`. For symmetric K its stationary
    points are the deterministic fixed points.
**published**
    complexity :math:`\sum_i \mathrm{KL}[p(\cdot; b+u+J\sigma)\,\|\,p(\cdot; b+u)]` minus accuracy
    :math:`(b+u)\cdot L + L^T J L` at :math:`L = L(b+u+J\sigma)`, without β, with the new σ and J:
    the curve that the paper's simulations plot (Spisak & Friston 2026). Kept to reproduce it; it
    is not stationary at the fixed points.

All are in nats.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.groups import group_map
from deepparticle.compile.program import Program

__all__ = [
    "local_free_energies",
    "local_terms",
    "mean_field_free_energy",
    "published_terms",
]


def local_free_energies(
    program: Program, argument: FloatArray, used_precision: FloatArray
) -> FloatArray:
    r"""Each subparticle's own free energy :math:`F_i`, as of its last update.

    Parameters
    ----------
    program : Program
    argument : ndarray of shape (..., N)
        :math:`\theta`.
    used_precision : ndarray of shape (..., N)
        :math:`\beta` of the last update; broadcasts against `argument`.

    Returns
    -------
    ndarray of shape (..., N)
        In nats.
    """
    prior = group_map(program, "log_partition", used_precision * program.bias)
    result: FloatArray = prior - group_map(program, "log_partition", argument)
    return result


def local_terms(
    program: Program, argument: FloatArray, used_precision: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""The two terms of each subparticle's free energy, :math:`F_i` = complexity − accuracy.

    Parameters as of `local_free_energies`.

    Returns
    -------
    complexity, accuracy : ndarray of shape (..., N)
        In nats; complexity is never negative.
    """
    prior = used_precision * program.bias
    complexity = group_map(program, "kl", argument, np.broadcast_to(prior, argument.shape))
    accuracy: FloatArray = group_map(program, "mean", argument) * (argument - prior)
    return complexity, accuracy


def mean_field_free_energy(
    program: Program,
    argument: FloatArray,
    couplings: FloatArray,
    evidence: FloatArray,
    precision: FloatArray,
) -> FloatArray:
    """The mean-field free energy at the expected states of the last update.

    Parameters
    ----------
    program : Program
    argument : ndarray of shape (R, C, N)
        The arguments θ.
    couplings : ndarray of shape (R, N, N), or (R, E) in the sparse layout
    evidence, precision : ndarray that broadcasts against (R, C, N)

    Returns
    -------
    ndarray of shape (R, C)
        In nats.
    """
    mean = group_map(program, "mean", argument)
    entropy = group_map(program, "log_partition", argument) - argument * mean
    drive = precision * (program.bias + evidence)
    interaction = 0.5 * (mean * precision * program.inputs(couplings, mean)).sum(-1)
    result: FloatArray = -(drive * mean).sum(-1) - interaction - entropy.sum(-1)
    return result


def published_terms(
    program: Program, state: FloatArray, couplings: FloatArray, evidence: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The two terms of the free energy that the paper's simulations plot.

    Parameters as of `mean_field_free_energy`, with the states instead of the arguments.

    Returns
    -------
    complexity, accuracy : ndarray of shape (R, C)
        In nats; complexity is never negative.
    """
    prior = program.bias + evidence
    posterior = prior + program.inputs(couplings, state)
    mean = group_map(program, "mean", posterior)
    complexity: FloatArray = group_map(program, "kl", posterior, prior + 0.0 * posterior).sum(-1)
    accuracy: FloatArray = (prior * mean).sum(-1)
    accuracy = accuracy + (mean * program.inputs(couplings, mean)).sum(-1)
    return complexity, accuracy
