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
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.backends.numpy_backend import group_map
from deepparticle.compile.program import Program

__all__ = ["local_free_energies", "mean_field_free_energy", "published_free_energy"]


def local_free_energies(program: Program, now: Variables) -> FloatArray:
    r"""Each subparticle's own free energy :math:`F_i`, as of its last update.

    Returns
    -------
    ndarray of shape (C, N)
        In nats.
    """
    prior = group_map(program, "log_partition", now.used_precision * program.bias)
    result: FloatArray = prior - group_map(program, "log_partition", now.argument)
    return result


def mean_field_free_energy(
    program: Program, now: Variables, evidence: FloatArray, precision: FloatArray
) -> FloatArray:
    """The mean-field free energy at the expected states of the last update.

    Parameters
    ----------
    program : Program
    now : Variables
        With arguments θ of shape (C, N).
    evidence : ndarray of shape (C, N)
    precision : ndarray of shape (N,)

    Returns
    -------
    ndarray of shape (C,)
        In nats.
    """
    mean = group_map(program, "mean", now.argument)
    entropy = group_map(program, "log_partition", now.argument) - now.argument * mean
    drive = precision * (program.bias + evidence)
    interaction = 0.5 * (mean * precision * (mean @ now.couplings.T)).sum(-1)
    result: FloatArray = -(drive * mean).sum(-1) - interaction - entropy.sum(-1)
    return result


def published_free_energy(program: Program, now: Variables, evidence: FloatArray) -> FloatArray:
    """The free energy that the paper's simulations plot.

    Parameters as of `mean_field_free_energy`.

    Returns
    -------
    ndarray of shape (C,)
        In nats.
    """
    prior = program.bias + evidence
    posterior = prior + now.state @ now.couplings.T
    mean = group_map(program, "mean", posterior)
    complexity = group_map(program, "kl", posterior, prior + 0.0 * posterior).sum(-1)
    accuracy = (prior * mean).sum(-1) + (mean * (mean @ now.couplings.T)).sum(-1)
    result: FloatArray = complexity - accuracy
    return result
