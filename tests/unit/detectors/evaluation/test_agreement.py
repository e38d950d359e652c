"""Detectors that say the same count less than their number."""

import pytest

from detectors.calibration import sigmoid
from detectors.evaluation.agreement import agreement_of, gain_of
from detectors.evaluation.score_table import FUSION
from tests.support.score_tables import a_row

LOGITS = [-2.0, -1.0, 1.0, 2.0]


def raw(*logits: float) -> list[float | None]:
    return [sigmoid(one) for one in logits]


def test_twins_are_marked_and_count_once():
    found = agreement_of({"one": raw(*LOGITS), "other": raw(*(2 * one for one in LOGITS))})
    assert found.correlations[0][1] == pytest.approx(1.0)
    assert found.marked == (("one", "other"),)
    assert found.effective_number == pytest.approx(1.0)


def test_opposites_are_marked_too():
    found = agreement_of({"one": raw(*LOGITS), "other": raw(*(-one for one in LOGITS))})
    assert found.correlations[0][1] == pytest.approx(-1.0)
    assert found.marked == (("one", "other"),)


def test_strangers_count_fully():
    found = agreement_of({"one": raw(-1, -1, 1, 1), "other": raw(-1, 1, -1, 1)})
    assert found.correlations[0][1] == pytest.approx(0.0, abs=1e-12)
    assert found.marked == ()
    assert found.effective_number == pytest.approx(2.0)


def test_by_hand():
    """Deviations (-1, 0, 1) and (-1, 1, 0): r = 1 / 2, so n is 4 / (2 + 2 / 4)."""
    found = agreement_of({"one": raw(-1, 0, 1), "other": raw(-1, 1, 0)})
    assert found.correlations[1][0] == pytest.approx(0.5)
    assert found.effective_number == pytest.approx(1.6)


def test_only_items_that_both_scored_count():
    found = agreement_of({"one": [*raw(*LOGITS), 0.9], "other": [*raw(*LOGITS), None]})
    assert found.items == ((5, 4), (4, 4))
    assert found.correlations[0][1] == pytest.approx(1.0)


def test_a_constant_detector_has_no_correlation():
    found = agreement_of({"one": raw(*LOGITS), "flat": [0.5] * 4})
    assert found.correlations[0][1] is None
    assert found.effective_number is None
    assert found.marked == ()


def test_ranks_agree_where_values_are_bent():
    found = agreement_of({"one": raw(-2, -1, 0, 1), "other": raw(-2, -1.9, -1.8, 5)})
    assert found.rank_correlations[0][1] == pytest.approx(1.0)
    assert found.correlations[0][1] == pytest.approx(0.79, abs=0.02)


def test_the_gain_is_over_the_best_single_detector_on_the_same_items():
    labels = [0, 0, 1, 1] * 5
    said = {
        FUSION: [0.1, 0.4, 0.6, 0.9] * 5,
        "good": [0.1, 0.7, 0.6, 0.9] * 5,
        "bad": [0.9, 0.6, 0.4, 0.1] * 5,
    }
    rows = {
        name: [a_row(labels[at], one, path=f"{at}", source=f"{at}", detector=name) for at, one in enumerate(scores)]
        for name, scores in said.items()
    }
    found = gain_of(rows.pop(FUSION), rows, rounds=50)
    assert found is not None
    assert (found["best"], found["auc_of_best"], found["auc_of_fusion"]) == ("good", 0.75, 1.0)
    assert found["gain"]["value"] == 0.25
    assert found["gain"]["low"] <= 0.25 <= found["gain"]["high"]


def test_without_a_common_item_of_both_classes_there_is_no_gain():
    assert gain_of([a_row(0, 0.4, detector=FUSION)], {"one": [a_row(0, 0.2)]}, rounds=5) is None
