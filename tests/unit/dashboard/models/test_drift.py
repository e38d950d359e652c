"""What has changed is found, what has not is not, and too little data says nothing."""

import numpy as np
import pytest

from contracts.messages import MediaVerdict, Probability
from contracts.vocabulary import DetectorStatus, Verdict
from dashboard.models.drift import agreement_now, mixes, score_shifts
from dashboard.models.drift_alarms import FEWEST, Alarm, stability_index
from dashboard.models.label_queue import label_queue
from tests.support.items import a_result, a_verdict, an_upload

RNG = np.random.default_rng(3)


def verdicts(scores: np.ndarray, *, name: str = "telltale", prefix: str = "a") -> list[MediaVerdict]:
    return [
        a_verdict(an_upload(f"{prefix}{at}.mp4"), Verdict.NO_EVIDENCE_FOUND).model_copy(
            update={"detectors": (a_result(name).model_copy(update={"raw": float(score), "calibrated": float(score)}),)}
        )
        for at, score in enumerate(scores)
    ]


def test_the_index_is_zero_for_the_same_scores_and_large_for_others():
    scores = RNG.uniform(0.0, 1.0, 1000)
    assert stability_index(scores, scores) == pytest.approx(0.0)
    by_hand = (0.5 - 0.1) * np.log(0.5 / 0.1) + 9 * (0.5 / 9 - 0.1) * np.log(0.5 / 9 / 0.1)
    half_in_first_decile = np.concatenate([np.full(900, 0.001), np.linspace(0.1, 1.0, 900, endpoint=False) + 0.0005])
    assert stability_index(half_in_first_decile, np.linspace(0, 1, 10_000, endpoint=False)) == pytest.approx(
        by_hand, rel=0.02
    )


def test_a_shift_is_told_and_no_shift_is_not():
    before = verdicts(RNG.beta(2, 5, 400))
    (same,) = score_shifts(verdicts(RNG.beta(2, 5, 400)), before)
    assert same.alarm is None
    assert same.stability is not None
    assert same.stability < 0.1
    (other,) = score_shifts(verdicts(RNG.beta(5, 2, 400)), before)
    assert other.alarm is Alarm.SHIFTED
    assert other.p_value is not None
    assert other.p_value < 1e-6
    assert sum(other.now) == pytest.approx(1.0)


def test_scores_that_are_all_alike_raise_an_alarm():
    (stuck,) = score_shifts(verdicts(np.full(FEWEST, 0.5)), verdicts(np.full(FEWEST, 0.5)))
    assert stuck.alarm is Alarm.DEGENERATE


def test_few_scores_say_nothing():
    (few,) = score_shifts(verdicts(np.full(FEWEST - 1, 0.9)), verdicts(RNG.uniform(0, 1, 400)))
    assert (few.stability, few.p_value, few.alarm) == (None, None, None)
    assert score_shifts([], []) == []


def test_mixes_are_shares_of_each_side_and_none_where_there_is_no_item():
    shares = mixes(verdicts(np.full(4, 0.5)), [])["Outcome"]
    assert [(one.name, one.now, one.before) for one in shares] == [("no evidence found", 1.0, None)]
    assert {one.name for one in mixes(verdicts(np.full(4, 0.5)), [])["Call or none"]} == {"with a call"}


def test_detectors_that_say_the_same_are_marked():
    one, other = RNG.uniform(0.01, 0.99, 60), RNG.uniform(0.01, 0.99, 60)
    both = []
    for first, second, third in zip(
        verdicts(one), verdicts(one, name="twin"), verdicts(other, name="own"), strict=True
    ):
        both.append(first.model_copy(update={"detectors": (*first.detectors, *second.detectors, *third.detectors)}))
    found = agreement_now(both)
    assert found is not None
    assert found.marked == (("telltale", "twin"),)
    assert agreement_now(verdicts(one)) is None, "one detector agrees with nobody"


def test_the_queue_begins_with_what_is_doubtful_and_disputed_and_leaves_out_what_has_a_label():
    def item(name: str, value: float, *said: float) -> MediaVerdict:
        results = [
            a_result(f"d{at}").model_copy(update={"calibrated": one, "status": DetectorStatus.SCORED})
            for at, one in enumerate(said)
        ]
        number = Probability(value=value, low=value, high=value, prior=0.5)
        verdict = a_verdict(an_upload(name), Verdict.INCONCLUSIVE)
        return verdict.model_copy(update={"probability": number, "detectors": tuple(results)})

    sure, doubtful, disputed = (
        item("sure", 0.02, 0.02, 0.03),
        item("doubt", 0.5, 0.5, 0.5),
        item("both", 0.5, 0.05, 0.95),
    )
    numberless = item("none", 0.5).model_copy(update={"probability": None})
    queue = label_queue([sure, doubtful, disputed, numberless], labelled=())
    assert [one.name for one in queue] == ["both", "doubt", "sure"]
    assert [one.name for one in label_queue([sure, disputed], labelled={disputed.media_id})] == ["sure"]
