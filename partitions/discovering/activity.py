r"""Effective couplings from recorded activity.

Two estimates, for the two ways in which subparticles see one another. Let σ be the state at one
step, with its mean over the steps taken off, and σ' the state at the next.

``"transfer"``
    With the synchronous schedule the expected next state is a function of the present one,
    :math:`E[\sigma'_i \mid \sigma] = L(\beta_i (b_i + u_i + \sum_j J_{ij} \sigma_j))`, and its best
    linear approximation is the least-squares solution B of

    .. math:: \min_B \sum_t \| \sigma' - B \sigma \|^2, \qquad
              B_{ij} \approx \beta_i\, E[L'(\theta_i)]\, J_{ij} .

    For states of one kind this is J up to a gain for each target (about β/3 for the continuous
    Bernoulli, as long as fields are small). It has directions and signs. What a state says of its
    own next one is fitted too, and left out.
``"partial"``
    With single-site schedules states of one instant belong together, and with symmetric couplings
    they follow Boltzmann's law: two of them are independent given all others if and only if they
    are not coupled. The partial correlations, from the precision matrix Θ, are

    .. math:: R_{ij} = -\Theta_{ij} / \sqrt{\Theta_{ii} \Theta_{jj}} ,

    with the covariance of the standardised states estimated by the shrinkage of Ledoit & Wolf (A
    well-conditioned estimator for large-dimensional covariance matrices, Journal of Multivariate
    Analysis 88, 2004). They are symmetric.

Each of them is blind where the other sees: in one synchronous step two states do not meet, so that
states of one instant are joined by common neighbours instead; and what has been seen within a sweep
is not in the step before. Neither knows of inputs that were not recorded: evidence that varies in
time and reaches several subparticles couples them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.collecting import shown

__all__ = ["ESTIMATES", "checked_activity", "effective_couplings"]

ESTIMATES = ("transfer", "partial")

# Of T steps and N slopes, the errors of the slopes make N / (T − N) of the noise in a predicted
# state: all of it with twice as many steps as subparticles, and more below.
_STEPS_PER_UNIT = 2


def checked_activity(states: Any, where: str) -> FloatArray:
    """Recorded states as ``(steps, chains, N)``, or an error that says what they should be.

    Raises
    ------
    SettingError, SettingTypeError
        For values that are not finite numbers, another shape, or too few steps.

    Examples
    --------
    >>> checked_activity(np.zeros((10, 3)), "discover").shape
    (10, 1, 3)
    """
    try:
        values = real_array(states)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, "activity is an array of numbers", shown(states), "give run.states")
        ) from None
    if values.ndim == 2:
        values = values[:, None, :]
    if values.ndim != 3 or values.shape[2] < 2:
        raise SettingError(
            Fault(
                where,
                "activity has shape (steps, N) or (steps, chains, N), with N ≥ 2",
                f"shape {np.shape(states)}",
                "give run.states, of several networks run.states[:, 0], for example",
            )
        )
    finite = np.isfinite(values)
    if not finite.all():
        step, chain, row = np.argwhere(~finite)[0].tolist()
        raise SettingError(
            Fault(
                where,
                "activity is finite",
                f"{values[step, chain, row]} of subparticle {row} at step {step}",
                "leave out the steps that were not recorded, or fill them in",
            )
        )
    steps, chains, size = values.shape
    needed = 1 + int(np.ceil(_STEPS_PER_UNIT * size / chains))
    if steps <= needed:
        raise SettingError(
            Fault(
                where,
                f"activity has more than {needed} steps, for {size} subparticles"
                + (f" in {chains} chains" if chains > 1 else ""),
                f"{steps} steps",
                "record longer, or more chains; couplings would be square",
            )
        )
    return values


def effective_couplings(states: FloatArray, estimate: str = "transfer") -> FloatArray:
    """Estimate couplings from states.

    Parameters
    ----------
    states : ndarray of shape (steps, chains, N)
        Chains share their couplings; each has its own mean.
    estimate : {"transfer", "partial"}

    Returns
    -------
    ndarray of shape (N, N)
        Target × source, with zero diagonal; 0 for a subparticle that never moves.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> states = np.zeros((500, 1, 2))
    >>> for step in range(1, 500):  # the first drives the second
    ...     states[step, 0] = rng.normal(size=2) + [0, 0.8 * states[step - 1, 0, 0]]
    >>> effective_couplings(states).round(1) + 0.0
    array([[0. , 0. ],
           [0.8, 0. ]])
    """
    moving = states - states.mean(axis=0)
    size = states.shape[2]
    if estimate == "transfer":
        now, then = moving[:-1].reshape(-1, size), moving[1:].reshape(-1, size)
        found: FloatArray = np.linalg.lstsq(now, then, rcond=None)[0].T
    else:
        from sklearn.covariance import ledoit_wolf

        spread = moving.std(axis=(0, 1))
        scaled = moving.reshape(-1, size) / np.where(spread > 0.0, spread, 1.0)
        covariance = ledoit_wolf(scaled, assume_centered=True)[0] + np.diag(spread == 0.0)
        precision = np.linalg.inv(covariance)
        roots = np.sqrt(np.diag(precision))
        found = -precision / np.outer(roots, roots)
    found = found.copy()
    np.fill_diagonal(found, 0.0)
    return found
