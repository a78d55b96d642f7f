r"""What responses tell of the digit that was shown, along the precision of learning.

The abstract of the paper says that orthogonal attractors raise the mutual information between
hidden causes and observable effects. Here the cause is which of the ten digits was shown, with so
much noise that the input leaves it open, and the effect is the mean response. What a response can
tell is bounded by what its input tells (data processing), so both are estimated, by the same lower
bounds (`deepparticle.analysis.information`), with linear discriminant analysis as the decoder: for
patterns in Gaussian noise it is the right one. Of its two bounds, by its probabilities and by its
decisions, the larger counts.
"""

from __future__ import annotations

import numpy as np

from deepparticle.analysis import Information, information, recall
from deepparticle.blankets._types import FloatArray
from deepparticle.datasets import digits
from deepparticle.reproduce.parts import Arrays
from deepparticle.reproduce.simulations.comparing import side_by_side
from deepparticle.reproduce.simulations.digits_grid import settings_of_all

__all__ = ["NOISE", "STRENGTH", "information_along_precision"]

STRENGTH = 11.0
"""The evidence of the balanced regime; with it, every precision."""

# In standard deviations of the signal. With 1, the input tells the digit without fail, and there is
# nothing to compare.
NOISE = 2.0


def information_along_precision(
    couplings: FloatArray, seed: int, trials: int, backend: str
) -> Arrays:
    """Estimate the information of input and responses for networks of the grid.

    Parameters
    ----------
    couplings : ndarray of shape (380, 64, 64)
    seed : int
    trials : int
        Per network.
    backend : str

    Returns
    -------
    dict
        ``informed`` (which of the 380 networks) and ``response``, of shape (19,), and ``input``;
        in nats.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    decoder = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    which = np.flatnonzero(settings_of_all()[0] == STRENGTH)
    shown = recall(
        side_by_side(couplings[which], backend, seed=seed, dtype="float32"),
        digits().train,
        evidence_strength=0.1 * STRENGTH,
        noise=NOISE,
        precision=1.0,
        trials=trials,
        reset=True,
        seed=seed,
    )

    def told(array: FloatArray, network: int) -> float:
        found: Information = information(
            shown.chosen[:, network], array[:, network], seed=seed, classifier=decoder
        )
        return max(found.bound, found.decoded)

    return {
        "informed": which,
        "response": np.array([told(shown.responses, number) for number in range(len(which))]),
        "input": told(shown.noisy, 0),
    }
