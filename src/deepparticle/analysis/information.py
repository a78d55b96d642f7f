r"""Mutual information between hidden causes and responses.

A cause c (which pattern, which digit) is drawn, a noisy input y made from it, and the network
responds with a state r in N dimensions. How much does the response tell about the cause?

.. math:: I(C; R) = H(C) - H(C | R)

has no closed form, but any classifier q bounds it from below (Barber & Agakov 2003),

.. math:: I(C; R) \ge H(C) + \mathbb{E}[\ln q(c | r)],

since the difference is a mean Kullback–Leibler divergence from q to p(c | r). Unless another one is
given, q is multinomial logistic regression, scored on trials that it was not fitted to. A second
number is what its *decisions* tell: the plug-in information of the confusion matrix, with the
correction for bias of Miller (1955).

**Data processing.** C → Y → R is a Markov chain: what the response knows it has from the input, so
that :math:`I(C; R) \le I(C; Y)` whatever the couplings. A network can make information easier to
read (a *bound* by a linear read-out may rise from input to response), never more. So the same
estimate for the input belongs beside every one for the response: `recall_information` gives both.
The chain is broken where trials follow one another in one network: then r also holds what is
left of earlier trials, which is noise for the present cause.

All values are in nats.

* D. Barber & F. Agakov, "The IM algorithm", *NIPS* 16 (2003).
* G. A. Miller, in *Information Theory in Psychology*, ed. H. Quastler (1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.recall import Recall
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array

__all__ = [
    "Information",
    "confusion_information",
    "information",
    "permutation_control",
    "recall_information",
]

PENALTIES = (1.0, 10.0, 100.0)

# Folds within the trials of a fit, for choosing its penalty.
_INNER_FOLDS = 3


@dataclass(frozen=True)
class Information:
    """What responses tell of their causes, in nats.

    Parameters
    ----------
    bound : float
        The lower bound H(C) + E[ln q(c | r)]; negative where q is worse than knowing nothing.
    bound_error : float
        Its standard error over trials.
    decoded : float
        What the decisions of the classifier tell, corrected for bias.
    decoded_error : float
        Its standard error over trials.
    entropy : float
        H(C), the most that could be told.
    accuracy : float
        The share of right decisions.
    trials : int
        How many.
    """

    bound: float
    bound_error: float
    decoded: float
    decoded_error: float
    entropy: float
    accuracy: float
    trials: int


def information(
    causes: ArrayLike,
    responses: ArrayLike,
    *,
    folds: int = 5,
    penalty: float | Sequence[float] = PENALTIES,
    seed: int = 0,
    classifier: Any = None,
) -> Information:
    r"""Estimate the mutual information of causes and responses.

    .. math:: I(C; R) \ge H(C) + \frac1T \sum_t \ln q_{-t}(c_t | r_t)

    with :math:`q_{-t}` a logistic regression on standardised responses, fitted without the fold
    that holds trial t, and H(C) the entropy of the frequencies of the causes.

    Parameters
    ----------
    causes : array_like of int, shape (T,)
        Labels; each at least `folds` times, and 6 times where penalties are chosen from.
    responses : array_like of shape (T, N)
    folds : int
        Of the stratified cross-validation.
    penalty : float or sequence of float
        Strength of the L2 penalty on the weights of the regression, which decides how tight the
        bound is: with too weak a penalty q is overconfident. From several, each fold takes the one
        that does best in a cross-validation within the trials that it is fitted to, so that the
        bound still holds; a single one is ten times as fast.
    seed : int
        For the folds.
    classifier : scikit-learn classifier, optional
        Instead of logistic regression: anything with ``predict_proba``. It is cloned for each fold;
        `penalty` is not used. For patterns in Gaussian noise, which is what an input is, linear
        discriminant analysis is the better and the faster one.

    Returns
    -------
    Information

    Raises
    ------
    SettingError, SettingTypeError
        If there are less than two causes, or too few trials of one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> causes = rng.integers(2, size=400)
    >>> clear = information(causes, 10.0 * causes[:, None] + rng.normal(size=(400, 1)))
    >>> round(clear.entropy, 2), round(clear.bound, 2), round(clear.decoded, 2)
    (0.69, 0.67, 0.69)
    """
    where = "information"
    labels, array = _checked_trials(causes, responses, where)
    folds = checked_count(folds, where, "folds", 2)
    counts = np.bincount(labels)
    chosen_from = classifier is None and np.ndim(penalty) > 0
    # Of 6, 3 are left to fit to when there are two folds: one for each inner fold.
    least = max(folds, 2 * _INNER_FOLDS) if chosen_from else folds
    if counts.min() < least:
        rule = f"every cause has at least {least} trials, for {folds} folds"
        mend = "make more trials, or give fewer folds"
        raise SettingError(Fault(where, rule, f"{counts.min()} of one", mend))
    # A slow import, which only this needs.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if classifier is None:
        strengths = 1.0 / np.atleast_1d(np.asarray(penalty, dtype=np.float64))
        regression = LogisticRegression(C=strengths[0], max_iter=5000)
        classifier = make_pipeline(StandardScaler(), regression)
        if chosen_from:
            grid = {"logisticregression__C": strengths}
            classifier = GridSearchCV(classifier, grid, scoring="neg_log_loss", cv=_INNER_FOLDS)
    division = StratifiedKFold(folds, shuffle=True, random_state=seed)
    chances = cross_val_predict(classifier, array, labels, cv=division, method="predict_proba")
    scores = np.log(np.maximum(chances[np.arange(len(labels)), labels], np.finfo(float).tiny))
    frequencies = counts / len(labels)
    entropy = float(-(frequencies * np.log(frequencies)).sum())
    decisions = chances.argmax(axis=1)
    decoded, decoded_error = confusion_information(labels, decisions)
    return Information(
        bound=entropy + float(scores.mean()),
        bound_error=float(scores.std(ddof=1) / np.sqrt(len(scores))),
        decoded=decoded,
        decoded_error=decoded_error,
        entropy=entropy,
        accuracy=float((decisions == labels).mean()),
        trials=len(labels),
    )


def confusion_information(causes: ArrayLike, decisions: ArrayLike) -> tuple[float, float]:
    r"""The information between causes and decisions, from how often each pair occurred.

    .. math:: \hat I = \sum_{cd} \hat p_{cd} \ln\frac{\hat p_{cd}}{\hat p_c \hat p_d}
        + \frac{m_c + m_d - m_{cd} - 1}{2T}

    where m counts the causes, decisions and pairs that occurred: the correction of Miller and Madow
    in each of the three entropies of :math:`I = H(C) + H(D) - H(C, D)`. It is used only as far
    as the result does not fall below 0.

    Parameters
    ----------
    causes, decisions : array_like of int, shape (T,)

    Returns
    -------
    value, standard_error : float
        In nats; the error is :math:`\mathrm{sd}(\ln(\hat p_{cd} / \hat p_c \hat p_d)) / \sqrt T`.

    Examples
    --------
    >>> value, error = confusion_information([0, 0, 1, 1] * 50, [0, 0, 1, 1] * 50)
    >>> round(value, 4), round(error, 4)  # ln 2 = 0.6931, and a correction of 1 / 2T
    (0.6956, 0.0)
    """
    where = "confusion_information"
    labels, column = _checked_trials(causes, np.atleast_2d(np.asarray(decisions)).T, where)
    answers = np.unique(column[:, 0], return_inverse=True)[1]
    from sklearn.metrics import mutual_info_score

    table = np.zeros((labels.max() + 1, answers.max() + 1))
    np.add.at(table, (labels, answers), 1.0)
    total = table.sum()
    row, column_sum = table.sum(axis=1), table.sum(axis=0)
    occupied = int(np.count_nonzero(table))
    correction = (len(row) + np.count_nonzero(column_sum) - occupied - 1) / (2.0 * total)
    pointwise = np.log(total * table[labels, answers] / (row[labels] * column_sum[answers]))
    value = max(mutual_info_score(labels, answers) + correction, 0.0)
    return float(value), float(pointwise.std(ddof=1) / np.sqrt(total))


def permutation_control(
    causes: ArrayLike,
    responses: ArrayLike,
    *,
    repeats: int = 10,
    folds: int = 5,
    penalty: float | Sequence[float] = PENALTIES,
    seed: int = 0,
    classifier: Any = None,
) -> tuple[Information, ...]:
    """The same estimates with causes dealt out anew: what the method finds where nothing is.

    Parameters
    ----------
    causes, responses, folds, penalty, seed, classifier
        As of `information`.
    repeats : int
        How many permutations.

    Returns
    -------
    tuple of Information
        Their bounds are at most about 0, their decoded information about 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> causes = rng.integers(2, size=200)
    >>> nothing = permutation_control(causes, 5.0 * causes[:, None], repeats=3, penalty=10.0)
    >>> max(one.bound for one in nothing) < 0.02
    True
    """
    labels, array = _checked_trials(causes, responses, "permutation_control")
    rng = np.random.default_rng(seed)
    settings: dict[str, Any] = {
        "folds": folds,
        "penalty": penalty,
        "seed": seed,
        "classifier": classifier,
    }
    return tuple(
        information(rng.permutation(labels), array, **settings)
        for _ in range(checked_count(repeats, "permutation_control", "repeats", 1))
    )


def recall_information(
    shown: Recall,
    labels: ArrayLike | None = None,
    *,
    network: int | None = None,
    folds: int = 5,
    penalty: float | Sequence[float] = PENALTIES,
    seed: int = 0,
    classifier: Any = None,
) -> tuple[Information, Information]:
    """The same estimate for the noisy inputs and for the responses of a test of recall.

    Parameters
    ----------
    shown : Recall
        Of `recall`, where each trial draws a pattern; of one or several networks.
    labels : array_like of int, shape (P,), optional
        The cause behind each pattern, for example the digit; by default the pattern itself.
    network : int, optional
        Which network, where there are several.
    folds, penalty, seed, classifier
        As of `information`.

    Returns
    -------
    input, response : Information

    Raises
    ------
    SettingError
        If a network is to be chosen and is not, or the other way round.

    Examples
    --------
    >>> import deepparticle as dp
    >>> images = dp.datasets.cross_and_bar()
    >>> shown = dp.analysis.recall(
    ...     dp.analysis.hebbian_couplings(images), images, evidence_strength=1.0, trials=60
    ... )
    >>> given, response = recall_information(shown, penalty=10.0)
    >>> given.trials, response.bound <= response.entropy
    (60, True)
    """
    several = shown.chosen.ndim > 1
    count = shown.chosen.shape[1] if several else 1
    if several != (network is not None) or (network is not None and not 0 <= network < count):
        raise SettingError(
            Fault(
                "recall_information",
                "it looks at one network",
                f"network={network!r} of {count if several else 'one'}",
                f"give network=0…{count - 1}" if several else "leave network= out",
            )
        )
    chosen, noisy, responses = (
        part if network is None else part[:, network]
        for part in (shown.chosen, shown.noisy, shown.responses)
    )
    causes: ArrayLike = chosen if labels is None else np.asarray(labels)[chosen]
    settings: dict[str, Any] = {
        "folds": folds,
        "penalty": penalty,
        "seed": seed,
        "classifier": classifier,
    }
    return information(causes, noisy, **settings), information(causes, responses, **settings)


def _checked_trials(
    causes: ArrayLike, responses: ArrayLike, where: str
) -> tuple[IntArray, FloatArray]:
    """Causes as numbers 0, 1, … and responses as a matrix."""
    array = checked_array(responses, f"{where}, responses", "a response")
    labels = np.asarray(causes)
    if array.ndim != 2 or labels.shape != array.shape[:1]:
        rule = "causes have shape (T,) and responses (T, N)"
        value = f"shapes {labels.shape} and {array.shape}"
        raise SettingError(Fault(where, rule, value, "give one cause and one row per trial"))
    names, index = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        rule, mend = "there are at least two causes", "make trials of others too"
        raise SettingError(Fault(where, rule, f"{len(names)}", mend))
    return index.astype(np.intp), array
