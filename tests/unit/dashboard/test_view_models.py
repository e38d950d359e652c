"""What the pages draw: gaps are shown as gaps, missing numbers stay missing, states are named."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import Segment, Thresholds
from contracts.vocabulary import DetectorStatus, Lifecycle
from dashboard import charts, view_models
from dashboard.projection import ItemDocuments
from dashboard.view_models import Freshness, Point
from tests.support.items import a_dead_letter, a_probability, a_result, a_track, a_verdict, an_upload


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (None, Freshness.NEVER),
        (0.0, Freshness.LIVE),
        (15.0, Freshness.LIVE),
        (15.1, Freshness.DELAYED),
        (60.0, Freshness.DELAYED),
        (60.1, Freshness.STOPPED),
    ],
)
def test_the_feed_ages(age_s: float | None, state: Freshness):
    assert view_models.freshness(age_s) is state


def test_what_nobody_scored_is_a_gap_and_a_usual_step_is_none():
    spans = [(at, at) for at in (0.0, 1.0, 2.0, 3.0, 8.0, 9.0)]
    assert view_models.unscored_spans(spans, 20.0) == [(3.0, 8.0), (9.0, 20.0)]
    assert view_models.unscored_spans([], 5.0) == [(0.0, 5.0)]
    assert view_models.unscored_spans([(0.0, 5.0)], 5.0) == []


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)), max_size=40), st.floats(0.1, 110))
def test_gaps_lie_inside_the_media_and_follow_each_other(spans: list[tuple[float, float]], duration_s: float):
    scored = [(start, start + length) for start, length in spans]
    edges = [edge for gap in view_models.unscored_spans(scored, duration_s) for edge in gap]
    assert edges == sorted(edges)
    assert all(edge >= 0 for edge in edges)


def test_decimation_keeps_the_peak_the_order_and_the_limit():
    points = [Point(float(number), float(number), 0.9 if number == 777 else 0.1, "a") for number in range(2000)]
    kept = view_models.decimated(points, 500)
    assert len(kept) <= 500
    assert max(point.value for point in kept) == 0.9
    assert [point.start_s for point in kept] == sorted(point.start_s for point in kept)


def test_lanes_start_with_the_most_suspicious_face_and_skip_uncalibrated_spans():
    verdict = a_verdict(
        an_upload(),
        tracks=[a_track(0, probability=a_probability(0.1)), a_track(1, probability=a_probability(0.9))],
        segments=[
            Segment(start=0, end=1, model="telltale", track=1, confidence=0.9),
            Segment(start=1, end=2, model="mesonet", track=1, confidence=None),
        ],
    )
    lanes = view_models.lanes_of(verdict)
    assert [lane.title for lane in lanes] == ["Person 2", "Person 1"]
    assert [point.detector for point in lanes[0].points] == ["telltale"]
    assert lanes[1].unscored == ((0.0, 12.0),)


def test_a_detector_without_a_number_gets_no_bar_but_a_word():
    verdict = a_verdict(
        an_upload(),
        detectors=[
            a_result("good", calibrated=0.9),
            a_result("raw", calibrated=None).model_copy(update={"raw": 0.5}),
            a_result("away", status=DetectorStatus.UNAVAILABLE, detail="No weights."),
            a_result("random", untrained=True),
        ],
    )
    bars = {bar.name: bar for bar in view_models.detector_bars(verdict)}
    assert (bars["good"].value, bars["good"].note) == (0.9, "90 in 100")
    assert (bars["raw"].is_calibrated, bars["raw"].note) == (False, "raw score only")
    assert (bars["away"].value, bars["away"].note) == (None, "not available")
    assert bars["random"].note == "untrained"
    table = {row[0]: row for row in view_models.detector_table(verdict)}
    assert table["away"][2:5] == ("Not available · No weights.", "–", "–")
    assert "untrained weights" in table["random"][2]


def test_missing_detectors_are_named_once_the_verdict_is_final():
    results = [a_result("a"), a_result("b", status=DetectorStatus.FAILED), a_result("c", status=DetectorStatus.PENDING)]
    words = view_models.missing_words(a_verdict(an_upload(), detectors=results))
    assert words == "2 of 3 detectors gave no answer (b, c). The verdict uses 1."
    assert view_models.missing_words(a_verdict(an_upload(), lifecycle=Lifecycle.PROVISIONAL, detectors=results)) is None
    assert view_models.missing_words(a_verdict(an_upload())) is None


def test_a_failure_says_what_happened_what_it_means_and_what_to_do():
    upload = an_upload()
    item = ItemDocuments(upload.media_id, uploaded=upload, failure=a_dead_letter(upload))
    happened, means, do = view_models.failure_words(item)
    assert happened == "The pipeline stopped while reading it. The decoder gave up after 3 frames."
    assert "no verdict" in means
    assert do.startswith("Fetch the file again")
    unknown = ItemDocuments(upload.media_id, uploaded=upload, failure=a_dead_letter(upload, reason="odd"))
    assert view_models.failure_words(unknown)[2].startswith("Submit it again")


def test_unknown_facts_are_left_out():
    upload = an_upload()
    names = [name for name, _ in view_models.file_facts(ItemDocuments(upload.media_id, uploaded=upload), UTC)]
    assert names == ["Size", "Arrived", "Bucket", "Key", "Item"]
    judged = ItemDocuments(upload.media_id, uploaded=upload, verdict=a_verdict(upload))
    facts = dict(view_models.file_facts(judged, UTC))
    assert (facts["Duration"], facts["Resolution"]) == ("00:12", "512 × 512 px")


def test_history_is_told_newest_first():
    event = {
        "produced_at_s": 0.0,
        "lifecycle": "final",
        "verdict": "inconclusive",
        "reasons": "no_face timeout",
        "low": None,
        "high": None,
        "policy_version": "p1",
    }
    later = {**event, "produced_at_s": timedelta(days=1).total_seconds(), "low": 0.1, "high": 0.2}
    rows = view_models.history_table([event, later], UTC)
    assert rows[0][:4] == ("02 Jan 1970, 00:00:00", "Final", "Inconclusive", "10–20 in 100")
    assert rows[1][3:5] == ("–", "no face found, took too long")


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (2048, "2.0 KB"), (5 * 2**20, "5.0 MB"), (3 * 2**30, "3.0 GB")]
)
def test_sizes(size: int, words: str):
    assert view_models.spoken_bytes(size) == words


@pytest.mark.parametrize(
    ("value", "side"), [(None, "unknown"), (0.2, "under"), (0.5, "between"), (0.8, "over"), (0.9, "over")]
)
def test_a_bar_gets_its_colour_from_the_thresholds(value: float | None, side: str):
    assert charts.side_of(value, Thresholds(lower=0.35, upper=0.8)) == side
    assert charts.side_of(0.9, None) == "unknown"
