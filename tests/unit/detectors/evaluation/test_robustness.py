"""A copy is held against the file it was made of: words that change, alarms on genuine files."""

from typing import Any

import pytest

from detectors.evaluation.robustness import robustness_of
from detectors.evaluation.score_table import FUSION, ScoreRow
from detectors.evaluation.summary import Rules
from tests.support.score_tables import a_row

RULES = Rules(thresholds={"alpha": 0.6, FUSION: 0.6}, rounds=50)
CALL, CLEAR, SOME = "likely_manipulated", "no_evidence_found", "some_evidence"


def said(path: str, label: int, before: tuple[str, float], after: tuple[str, float] | None) -> list[ScoreRow]:
    about: dict[str, Any] = {"path": path, "source": path, "detector": FUSION}
    words = [a_row(label, before[1], verdict=before[0], **about)]
    return [*words, a_row(label, after[1], verdict=after[0], variant="copy", **about)] if after else words


def test_flips_reversals_and_alarms():
    rows = [
        *said("a", 0, (CLEAR, 0.1), (CALL, 0.9)),
        *said("b", 0, (CLEAR, 0.2), (CLEAR, 0.3)),
        *said("c", 1, (CALL, 0.9), (SOME, 0.5)),
        *said("d", 1, (CALL, 0.8), (CALL, 0.8)),
        *said("e", 1, (CALL, 0.8), None),  # beyond the limit: no copy was made
    ]
    found = robustness_of(rows, RULES)["copy"][FUSION]
    assert (found["files"], found["scored_in_both"]) == (4, 4)
    assert found["flips"]["value"] == 0.5
    assert found["flips"]["low"] <= 0.5 <= found["flips"]["high"]
    assert found["reversals"] == 1
    assert (found["genuine_called"]["value"], found["genuine_files"]) == (0.5, 2)
    assert (found["false_alarms_before"], found["false_alarms"]["value"]) == (0.0, 0.5)
    assert (found["false_alarms"]["count"], found["false_alarms"]["of"]) == (1, 2)
    assert (found["tpr_at_fpr_1"], found["note"]) == (None, "too few: 2 of 100 genuine")
    assert (found["auc_before"], found["auc"]) == (1.0, 0.5)
    assert found["mean_shift"] == pytest.approx((0.8 + 0.1 - 0.4 + 0.0) / 4)


def test_a_copy_without_an_answer_is_a_flip_and_no_score():
    rows = said("a", 0, (SOME, 0.4), (CLEAR, 0.1))
    rows += [
        a_row(1, 0.9, path="b", detector=FUSION, verdict=CALL),
        a_row(1, path="b", detector=FUSION, variant="copy", reason="no_face", verdict="not_assessed"),
    ]
    found = robustness_of(rows, RULES)["copy"][FUSION]
    assert (found["files"], found["scored_in_both"], found["flips"]["value"]) == (2, 1, 1.0)
    assert found["auc"] is None


def test_a_detector_flips_where_a_score_crosses_its_threshold():
    rows = [
        *(a_row(0, 0.2, raw=0.2, path=name) for name in "ab"),
        a_row(0, 0.7, raw=0.5, path="a", variant="copy"),
        a_row(0, 0.5, raw=0.4, path="b", variant="copy"),
    ]
    found = robustness_of(rows, RULES)["copy"]["alpha"]
    assert found["mean_shift"] == pytest.approx(0.4)
    assert (found["flips"]["value"], found["false_alarms"]["value"]) == (0.5, 0.5)
    assert "reversals" not in found


def test_a_copy_that_lost_its_probability_is_not_compared_by_its_raw_score():
    rows = [
        a_row(0, 0.2, raw=0.9, path="a"),
        a_row(0, None, raw=0.9, path="a", variant="copy", reason="too_few_face_frames"),
    ]
    found = robustness_of(rows, RULES)["copy"]["alpha"]
    assert (found["files"], found["scored_in_both"]) == (1, 0)
    assert (found["mean_shift"], found["flips"]["value"], found["false_alarms"]["value"]) == (None, None, None)


def test_the_hit_rate_at_one_percent_is_told_with_a_hundred_genuine_files():
    rows = [
        a_row(label, score, path=f"{at}{label}", source=f"{at}", variant=variant)
        for at in range(100)
        for label, score in ((0, 0.1 + at / 1000), (1, 0.15 + at / 200))
        for variant in ("", "copy")
    ]
    found = robustness_of(rows, RULES)["copy"]["alpha"]
    # One genuine file, 0.199, may be called: manipulated ones from 0.199 on are 90 of 100.
    assert (found["tpr_at_fpr_1"], found["note"]) == (0.9, None)
