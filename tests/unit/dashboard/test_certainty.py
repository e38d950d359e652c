"""Why a verdict is not more certain: every sentence carries a number or a name of the event."""

from contracts.messages import Segment
from contracts.vocabulary import DetectorStatus, Verdict
from dashboard.certainty import what_limits
from tests.support.items import a_probability, a_result, a_track, a_verdict, an_upload


def limits(**named) -> str:
    return " ".join(what_limits(a_verdict(an_upload(), **named)))


def test_a_wide_range_is_told_with_its_ends():
    assert "from 40 to 90 in 100" in limits(probability=a_probability(0.7, low=0.4, high=0.9))
    assert "ranges" not in limits(probability=a_probability(0.7, low=0.68, high=0.73))


def test_a_single_voice_and_silent_detectors_are_named():
    silent = a_result("srm", calibrated=None).model_copy(update={"raw": 0.7})
    said = limits(probability=a_probability(0.7), detectors=[a_result("telltale"), silent])
    assert "It rests on one detector, telltale" in said
    assert "srm has a score but no calibration" in said


def test_unjudged_people_and_unscored_time_are_counted():
    said = limits(
        probability=a_probability(0.9),
        detectors=[a_result("a"), a_result("b")],
        tracks=[a_track(0, probability=a_probability(0.9)), a_track(1)],
        segments=[Segment(start=at, end=at + 1, model="a", track=0, confidence=0.9) for at in range(6)],
    )
    assert "1 of 2 people was not judged" in said
    assert "50 in 100 parts of the running time" in said


def test_nothing_is_added_where_nothing_was_assessed():
    none = a_result(status=DetectorStatus.NOT_APPLICABLE)
    assert limits(verdict=Verdict.NOT_ASSESSED, detectors=[none]) == ""
