"""The metrics are scikit-learn's and those one can work out by hand; all resamples at once give the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as learned
from sklearn.calibration import calibration_curve

from detectors.evaluation import metrics, resampled
from detectors.evaluation.metrics import OneClassOnly

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.8, 0.4, 0.7, 0.9, 0.95])


def a_table(seed: int, size: int = 400) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    labels = (draws.random(size) < 0.4).astype(int)
    scores = 1.0 / (1.0 + np.exp(-(1.2 * labels - 0.5 + draws.normal(size=size))))
    return labels, np.round(scores, 2)  # with ties


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_scikit_learn(seed: int):
    labels, scores = a_table(seed)
    said = (scores >= 0.6).astype(int)
    ranking, honesty = metrics.ranking(labels, scores), metrics.honesty(labels, scores)
    decisions = metrics.decisions(labels, scores >= 0.6)
    expected = {
        "auc": learned.roc_auc_score(labels, scores),
        "partial_auc": learned.roc_auc_score(labels, scores, max_fpr=0.05),
        "ap": learned.average_precision_score(labels, scores),
        "log_loss": learned.log_loss(labels, scores),
        "log_loss_clipped_at_0.01": learned.log_loss(labels, np.clip(scores, 0.01, 0.99)),
        "brier": learned.brier_score_loss(labels, scores),
        "accuracy": learned.accuracy_score(labels, said),
        "balanced_accuracy": learned.balanced_accuracy_score(labels, said),
        "precision": learned.precision_score(labels, said),
        "recall": learned.recall_score(labels, said),
        "f1": learned.f1_score(labels, said),
    }
    found = {**ranking, **honesty, **decisions}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_by_hand():
    """One genuine item (0.8) stands above two of four manipulated ones: 14 of 16 pairs are in order."""
    found = metrics.ranking(LABELS, SCORES)
    assert found["auc"] == pytest.approx(14 / 16)
    assert found["eer"] == pytest.approx(0.25)
    # 90 % of four is four: the lowest manipulated score, 0.4, has one genuine one above it.
    assert found["fpr_at_tpr_90"] == 0.25
    # Without any false alarm only 0.9 and 0.95 are found; four genuine items know no rate between 0 and 25 %.
    assert [found[f"tpr_at_fpr_{limit}"] for limit in (10, 5, 1)] == [0.5, 0.5, 0.5]
    decided = metrics.decisions(LABELS, SCORES >= 0.75)
    rates = 0.01 * 1 / 2, 0.99 * 1 / 4
    assert decided["precision_at_prevalence_1"] == pytest.approx(rates[0] / sum(rates))
    assert {name: value for name, value in decided.items() if "prevalence" not in name} == pytest.approx(
        {
            "accuracy": 5 / 8,
            "balanced_accuracy": 5 / 8,
            "precision": 2 / 3,
            "recall": 1 / 2,
            "f1": 4 / 7,
            "false_alarm_rate": 1 / 4,
        }
    )


def test_perfect_and_reversed_ranks():
    perfect, reversed_ = metrics.ranking(LABELS, LABELS.astype(float)), metrics.ranking(LABELS, 1.0 - LABELS)
    assert (perfect["auc"], perfect["eer"], perfect["tpr_at_fpr_1"]) == (1.0, 0.0, 1.0)
    assert (reversed_["auc"], reversed_["eer"], reversed_["tpr_at_fpr_1"]) == (0.0, 1.0, 0.0)


def test_one_score_for_all_is_chance():
    found = metrics.ranking(LABELS, np.full(8, 0.3))
    assert (found["auc"], found["eer"], found["ap"]) == pytest.approx((0.5, 0.5, 0.5))


def test_always_one_half_costs_the_logarithm_of_two():
    found = metrics.honesty(LABELS, np.full(8, 0.5))
    half = np.log(2.0)
    expected = {"log_loss": half, "log_loss_clipped_at_0.01": half, "brier": 0.25, "ece": 0.0, "aurc": 0.5}
    assert found == pytest.approx(expected)


def test_certainty_that_is_wrong_costs_what_the_clip_allows():
    found = metrics.honesty(np.array([1]), np.array([0.0]))
    assert found["log_loss"] == pytest.approx(-np.log(1e-15))
    assert found["log_loss_clipped_at_0.01"] == pytest.approx(-np.log(0.01))
    assert found["ece"] == 1.0


def test_ece_weighs_the_gap_of_each_bin():
    """Two groups of equal probabilities are two bins: |0.2 - 0.5| for 4 of 10 items, |0.9 - 4/6| for 6 of 10."""
    probabilities = np.array([0.2] * 4 + [0.9] * 6)
    labels = np.array([0, 0, 1, 1, 0, 0, 1, 1, 1, 1])
    expected = 0.4 * 0.3 + 0.6 * (0.9 - 4 / 6)
    assert metrics.expected_calibration_error(labels, probabilities) == pytest.approx(expected)
    assert [one.items for one in metrics.reliability(labels, probabilities)] == [4, 6]


def test_without_ties_ece_has_the_quantile_bins_of_scikit_learn():
    draws = np.random.default_rng(3)
    probabilities = draws.random(1000)
    labels = (draws.random(1000) < probabilities**1.5).astype(int)
    seen, said = calibration_curve(labels, probabilities, n_bins=10, strategy="quantile")
    assert metrics.expected_calibration_error(labels, probabilities) == pytest.approx(
        np.mean(np.abs(seen - said)), abs=1e-9
    )


def test_adaptive_bins_hold_about_equally_many_items():
    labels, _ = a_table(1, 1000)
    bins = metrics.reliability(labels, np.random.default_rng(0).random(1000) ** 4)
    assert [one.items for one in bins] == [100] * 10
    assert [one.said for one in bins] == sorted(one.said for one in bins)


def test_risk_and_coverage_by_hand():
    """The surest answers are right, the least sure is wrong; two of six items have no answer."""
    labels, probabilities = np.array([1, 0, 1, 0]), np.array([0.99, 0.1, 0.8, 0.6])
    coverage, risk = metrics.risk_coverage(labels, probabilities, uncovered=2)
    assert coverage == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6])
    assert risk == pytest.approx([0, 0, 0, 1 / 4])
    assert metrics.area_under_risk(coverage, risk) == pytest.approx(1 / 16)


def test_equally_sure_answers_come_together():
    coverage, risk = metrics.risk_coverage(np.array([1, 1]), np.array([0.7, 0.3]))
    assert (coverage.tolist(), risk.tolist()) == ([1.0], [0.5])
    assert metrics.area_under_risk(np.zeros(0), np.zeros(0)) is None


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused(label: int):
    labels = np.full(3, label)
    with pytest.raises(OneClassOnly, match="genuine"):
        metrics.ranking(labels, np.array([0.1, 0.2, 0.3]))
    with pytest.raises(OneClassOnly):
        metrics.decisions(labels, np.array([True, False, True]))


@settings(deadline=None, max_examples=15)  # the functions of scikit-learn are slow on a busy machine
@given(seed=st.integers(0, 10_000))
def test_all_resamples_at_once_are_the_metrics_of_the_repeated_items(seed: int):
    labels, scores = a_table(seed, 40)
    times = np.random.default_rng(seed).integers(0, 4, size=(3, 40))
    together = _together(resampled, labels, scores, times.astype(float))
    for row, counts in enumerate(times):
        again = np.repeat(np.arange(40), counts)
        try:
            alone = _together(metrics, labels[again], scores[again])
        except OneClassOnly:
            assert all(np.isnan(values[row]) for values in together.values())
            continue
        assert {name: values[row] for name, values in together.items()} == pytest.approx(alone, abs=1e-9)


def _together(module, labels: np.ndarray, scores: np.ndarray, *times: np.ndarray) -> dict:
    return {
        **module.ranking(labels, scores, *times),
        **module.decisions(labels, scores >= 0.6, *times),
        **module.honesty(labels, scores, *times),
    }


def test_a_resample_of_one_class_is_not_a_number():
    found = resampled.ranking(LABELS, SCORES, np.stack([1.0 - LABELS, np.ones(8)]))
    assert np.isnan(found["auc"][0])
    assert found["auc"][1] == pytest.approx(14 / 16)
