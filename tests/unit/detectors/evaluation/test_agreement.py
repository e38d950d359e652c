"""Detectors that say the same count less than their number."""

import pytest

from detectors.calibration import sigmoid
from detectors.evaluation.agreement import agreement_of

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
