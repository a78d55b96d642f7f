r"""The free energies, each under its own name (never one for another).

**local**
    :math:`\sum_i F_i`, what each subparticle can know from its own blanket; at the inferred
    :math:`b_q = \theta_i` it is :math:`\sum_i \phi(\beta_i b_i) - \phi(\theta_i)`.
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

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.groups import group_map
from deepparticle.compile.program import Program

__all__ = ["local_free_energies", "mean_field_free_energy", "published_free_energy"]


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


def published_free_energy(
    program: Program, state: FloatArray, couplings: FloatArray, evidence: FloatArray
) -> FloatArray:
    """The free energy that the paper's simulations plot.

    Parameters as of `mean_field_free_energy`, with the states instead of the arguments.

    Returns
    -------
    ndarray of shape (R, C)
        In nats.
    """
    prior = program.bias + evidence
    posterior = prior + program.inputs(couplings, state)
    mean = group_map(program, "mean", posterior)
    complexity = group_map(program, "kl", posterior, prior + 0.0 * posterior).sum(-1)
    accuracy = (prior * mean).sum(-1) + (mean * program.inputs(couplings, mean)).sum(-1)
    result: FloatArray = complexity - accuracy
    return result
