"""Estimates of information against channels whose information is known."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.analysis import (
    Recall,
    confusion_information,
    hebbian_couplings,
    information,
    permutation_control,
    recall,
    recall_information,
)

TRIALS = 2000


def symmetric_channel(
    causes: int, error: float, trials: int, seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], float]:
    """Causes, what arrives of them, and I = ln K − H₂(e) − e ln(K − 1)."""
    rng = np.random.default_rng(seed)
    sent = rng.integers(causes, size=trials)
    wrong = rng.random(trials) < error
    received = np.where(wrong, (sent + rng.integers(1, causes, size=trials)) % causes, sent)
    two = -error * np.log(error) - (1 - error) * np.log(1 - error)
    return sent, received, float(np.log(causes) - two - error * np.log(causes - 1))


@pytest.mark.parametrize(("causes", "error"), [(2, 0.1), (4, 0.3), (10, 0.2)])
def test_a_symmetric_channel_has_its_information(causes: int, error: float) -> None:
    sent, received, exact = symmetric_channel(causes, error, TRIALS, seed=causes)
    found = information(sent, np.eye(causes)[received], penalty=1.0)
    # Logistic regression can state this channel exactly; what its fit misses lowers the bound by
    # about (parameters) / 2T.
    slack = causes**2 / (2 * TRIALS)
    assert found.bound - exact < 4 * found.bound_error
    assert exact - found.bound < 4 * found.bound_error + slack
    assert abs(found.decoded - exact) < 4 * found.decoded_error
    assert found.accuracy == pytest.approx(1 - error, abs=4 * np.sqrt(error / TRIALS))
    assert found.entropy == pytest.approx(np.log(causes), abs=0.01)
    assert found.trials == TRIALS


def gaussian_channel(distance: float) -> float:
    r"""ln 2 − E[ln(1 + e^{−2dy})], y ~ N(d, 1): two equally likely causes at −d and d."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    values = np.logaddexp(0.0, -2.0 * distance * (nodes + distance))
    return float(np.log(2.0) - weights @ values / np.sqrt(2 * np.pi))


@pytest.mark.parametrize("distance", [0.3, 1.0, 2.5])
def test_a_gaussian_channel_has_its_information(distance: float) -> None:
    rng = np.random.default_rng(5)
    causes = rng.integers(2, size=TRIALS)
    # The distance is along the diagonal of five dimensions: every one alone tells less.
    centre = distance / np.sqrt(5.0)
    responses = (2 * causes[:, None] - 1) * centre + rng.normal(size=(TRIALS, 5))
    found = information(causes, responses, penalty=1.0)
    exact = gaussian_channel(distance)
    assert abs(found.bound - exact) < 4 * found.bound_error + 6 / (2 * TRIALS)
    # Decisions tell less than the response from which they are made.
    assert found.decoded < exact + 4 * found.decoded_error
    assert 0.4 * exact < found.decoded


def test_more_noise_never_tells_more() -> None:
    rng = np.random.default_rng(0)
    causes = rng.integers(5, size=600)
    clear = np.eye(5)[causes] + 0.3 * rng.normal(size=(600, 5))
    noisier = clear + 0.6 * rng.normal(size=(600, 5))
    a, b = (information(causes, one, penalty=1.0) for one in (clear, noisier))
    assert a.bound > b.bound + 4 * np.hypot(a.bound_error, b.bound_error)
    assert a.decoded > b.decoded


def test_shuffled_causes_tell_nothing() -> None:
    rng = np.random.default_rng(1)
    causes = rng.integers(4, size=600)
    responses = 3.0 * np.eye(4)[causes] + rng.normal(size=(600, 4))
    assert information(causes, responses).bound > 0.8
    control = permutation_control(causes, responses, repeats=5, penalty=10.0)
    assert len(control) == 5
    bounds = np.array([one.bound for one in control])
    decoded = np.array([one.decoded for one in control])
    # A fit to nothing is a little worse than knowing nothing: by about (parameters) / 2T.
    assert np.all(np.abs(bounds) < 2 * 20 / (2 * 600))
    assert np.all(decoded < 4 * 9 / (2 * 600))


def test_the_correction_takes_away_what_chance_adds() -> None:
    """Independent labels: the plug-in value is too high by (K − 1)² / 2T on average."""
    rng = np.random.default_rng(0)
    from sklearn.metrics import mutual_info_score

    pairs = [rng.integers(6, size=(2, 300)) for _ in range(200)]
    plug_in = np.mean([mutual_info_score(*pair) for pair in pairs])
    assert plug_in == pytest.approx(25 / 600, rel=0.15)
    uncut = [confusion_information(*pair)[0] for pair in pairs]
    assert np.mean(uncut) < 0.25 * plug_in


def test_the_stated_error_of_decoded_information_is_right() -> None:
    drawn = [symmetric_channel(3, 0.2, 400, seed)[:2] for seed in range(150)]
    found = np.array([confusion_information(*pair) for pair in drawn])
    exact = symmetric_channel(3, 0.2, 1, 0)[2]
    error = found[:, 0].std(ddof=1)
    assert abs(found[:, 0].mean() - exact) < 4 * error / np.sqrt(150)
    # The standard deviation of 150 values is known to 6 %.
    assert found[:, 1].mean() == pytest.approx(error, rel=0.25)


def test_labels_may_be_any_numbers() -> None:
    sent, received, _ = symmetric_channel(3, 0.2, 600, 0)
    names = np.array([7, -2, 100])
    assert confusion_information(names[sent], received)[0] == pytest.approx(
        confusion_information(sent, names[received])[0]
    )
    plain, named = (
        information(one, np.eye(3)[received], penalty=1.0) for one in (sent, names[np.sort(sent)])
    )
    assert plain.entropy == pytest.approx(named.entropy)


def test_a_response_is_measured_beside_its_input() -> None:
    patterns = dp.datasets.random_patterns(4, 40)
    shown = recall(
        hebbian_couplings(patterns),
        patterns,
        evidence_strength=0.5,
        noise=4.0,
        trials=200,
        steps=20,
        precision=2.0,
        reset=True,
    )
    given, response = recall_information(shown, penalty=10.0)
    assert given == information(shown.chosen, shown.noisy, penalty=10.0)
    assert response == information(shown.chosen, shown.responses, penalty=10.0)
    # What the response knows it has from the input.
    assert response.bound < given.bound + 4 * np.hypot(response.bound_error, given.bound_error)
    # Two kinds instead of four patterns: half the entropy.
    kinds = recall_information(shown, labels=[0, 0, 1, 1], penalty=10.0)[0]
    assert kinds.entropy == pytest.approx(np.log(2.0), abs=0.01)


def test_the_penalty_is_chosen_where_trials_are_few() -> None:
    """A weak penalty makes a classifier of 40 dimensions sure of what it has not seen."""
    rng = np.random.default_rng(0)
    causes = rng.integers(4, size=160)
    responses = 0.2 * dp.datasets.random_patterns(4, 40)[causes] + rng.normal(size=(160, 40))
    chosen = information(causes, responses, penalty=[0.01, 100.0])
    assert chosen.bound == pytest.approx(information(causes, responses, penalty=100.0).bound)
    assert chosen.bound > information(causes, responses, penalty=0.01).bound + 0.2


def test_another_classifier_bounds_the_same_information() -> None:
    """For patterns in Gaussian noise discriminant analysis is the exact model."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rng = np.random.default_rng(3)
    causes = rng.integers(2, size=TRIALS)
    responses = (2.0 * causes[:, None] - 1) + rng.normal(size=(TRIALS, 1))
    found = information(causes, responses, classifier=LinearDiscriminantAnalysis())
    assert abs(found.bound - gaussian_channel(1.0)) < 4 * found.bound_error + 4 / (2 * TRIALS)
    control = permutation_control(
        causes, responses, repeats=2, classifier=LinearDiscriminantAnalysis()
    )
    assert max(abs(one.bound) for one in control) < 0.01


def test_one_of_several_networks_is_chosen() -> None:
    rng = np.random.default_rng(0)
    chosen = rng.integers(2, size=(100, 2))
    clear = chosen[..., None] + 0.1 * rng.normal(size=(100, 2, 3))
    responses = np.stack([clear[:, 0], rng.normal(size=(100, 3))], axis=1)
    shown = Recall(chosen.astype(np.intp), clear, clear, responses)
    first, second = (recall_information(shown, network=number, penalty=1.0)[1] for number in (0, 1))
    assert first.bound > 0.5 > 0.1 > second.bound
    with pytest.raises(dp.SettingError, match=says("one network (got network=None of 2). Mend")):
        recall_information(shown)
    alone = Recall(chosen[:, 0].astype(np.intp), clear[:, 0], clear[:, 0], responses[:, 0])
    with pytest.raises(dp.SettingError, match=says("got network=1 of one). Mend: leave network=")):
        recall_information(alone, network=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: information([0, 1], np.ones((3, 2))),
            "information: causes have shape (T,) and responses (T, N) (got shapes (2,) and (3, 2))",
        ),
        (
            lambda: information([1, 1, 1], np.ones((3, 2))),
            "information: there are at least two causes (got 1). Mend: make trials of others too",
        ),
        (
            lambda: information([0, 0, 0, 0, 0, 1], np.ones((6, 2)), penalty=1.0),
            "every cause has at least 5 trials, for 5 folds (got 1 of one). Mend: make more",
        ),
        (
            lambda: information([0, 1] * 5, np.ones((10, 2)), folds=2),
            "information: every cause has at least 6 trials, for 2 folds (got 5 of one)",
        ),
        (
            lambda: information([0, 1], np.full((2, 2), np.nan)),
            "information, responses: a response is finite (got nan at [0, 0])",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)) as caught:
        call()
    assert is_complete(caught.value)
