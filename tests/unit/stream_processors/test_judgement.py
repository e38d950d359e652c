"""The five words, their reasons and the bounds of the public event."""

import random
from datetime import timedelta

import pytest

from contracts.codec import decode, encode
from contracts.messages import MediaVerdict, Problem
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Verdict
from detectors.calibration import logit, sigmoid
from stream_processors.judgement import judge
from stream_processors.policy import Policy
from tests.support.cases import NOON, a_calibration, a_member, a_score, a_track, an_extraction

HIGH, LOW, MIDDLE = [0.98] * 20, [0.02] * 20, [0.6] * 20


def judged(extracted=None, scores=(), *, members=None, lifecycle=Lifecycle.FINAL, policy=None, seq=1) -> MediaVerdict:
    return judge(
        extracted or an_extraction(),
        scores,
        members=members or [a_member()],
        policy=policy or Policy(),
        seq=seq,
        lifecycle=lifecycle,
        now=NOON,
    )


def problem(reason: Reason) -> Problem:
    return Problem(reason=reason, detail=f"{reason} in a test")


@pytest.mark.parametrize(
    ("raw", "word"),
    [(HIGH, Verdict.LIKELY_MANIPULATED), (LOW, Verdict.NO_EVIDENCE_FOUND), (MIDDLE, Verdict.SOME_EVIDENCE)],
)
def test_the_word_follows_the_thresholds(raw, word):
    event = judged(scores=[a_score(raw)])
    assert event.verdict is word
    assert event.reasons == ()
    assert event.probability is not None
    assert event.probability.low <= event.probability.value <= event.probability.high
    assert event.probability.calibration_id == "test-fit"


def test_the_card_of_the_weightiest_detector_sets_the_thresholds():
    strict = a_member(thresholds=(0.001, 0.9999))
    assert judged(scores=[a_score(HIGH)], members=[strict]).verdict is Verdict.SOME_EVIDENCE
    assert judged(scores=[a_score(LOW)], members=[strict]).verdict is Verdict.SOME_EVIDENCE


def test_the_event_states_the_thresholds_it_was_held_against():
    carded = judged(scores=[a_score(LOW)], members=[a_member(thresholds=(0.2, 0.9))])
    assert carded.thresholds is not None
    assert (carded.thresholds.lower, carded.thresholds.upper) == (0.2, 0.9)
    assert judged(scores=[]).thresholds is None


def test_evidence_that_speaks_for_manipulation_is_never_called_none():
    lenient = a_member(thresholds=(0.7, 0.9))
    event = judged(scores=[a_score([0.55] * 20)], members=[lenient])
    assert event.verdict is Verdict.SOME_EVIDENCE
    assert event.thresholds is not None
    assert event.thresholds.lower == 0.5


def test_a_lone_detector_needs_its_cards_leave_to_call():
    alone = a_member(may_call_alone=False)
    assert judged(scores=[a_score(HIGH)], members=[alone]).verdict is Verdict.SOME_EVIDENCE
    both = [a_member("alpha", may_call_alone=False), a_member("beta", may_call_alone=False)]
    scores = [a_score(HIGH), a_score(HIGH, detector="beta")]
    extracted = an_extraction(batches={"alpha": 1, "beta": 1})
    assert judged(extracted, scores, members=both).verdict is Verdict.LIKELY_MANIPULATED
    feather = [both[0], a_member("beta", may_call_alone=False, weight=0.05)]
    assert judged(extracted, scores, members=feather).verdict is Verdict.SOME_EVIDENCE


def test_detectors_that_contradict_each_other_forbid_a_call():
    members = [a_member("alpha"), a_member("beta")]
    scores = [a_score(HIGH), a_score(LOW, detector="beta")]
    event = judged(an_extraction(batches={"alpha": 1, "beta": 1}), scores, members=members)
    assert event.verdict is Verdict.INCONCLUSIVE
    assert Reason.DETECTORS_DISAGREE in event.reasons
    assert event.ensemble.used == ("alpha", "beta")


def test_an_item_without_a_face_is_not_assessed_and_has_no_number():
    extracted = an_extraction(batches={}, tracks=(), problems=[problem(Reason.NO_FACE)])
    event = judged(extracted)
    assert event.verdict is Verdict.NOT_ASSESSED
    assert event.reasons == (Reason.NO_FACE,)
    assert event.probability is None
    assert event.detectors[0].status is DetectorStatus.NOT_APPLICABLE
    assert event.detectors[0].raw is None


def test_a_detector_that_does_not_apply_is_a_status_and_no_vote():
    small = Problem(reason=Reason.FACE_TOO_SMALL, detail="41 px (needed: 80)")
    members = [a_member("alpha"), a_member("beta")]
    extracted = an_extraction(batches={"alpha": 1}, not_applicable={"beta": small})
    event = judged(extracted, [a_score(LOW)], members=members)
    assert event.verdict is Verdict.NO_EVIDENCE_FOUND
    assert event.ensemble.missing == ()
    assert event.detectors[1].status is DetectorStatus.NOT_APPLICABLE
    assert event.detectors[1].detail == small.detail
    nobody = an_extraction(batches={}, not_applicable={"alpha": small, "beta": small})
    assert judged(nobody, members=members).verdict is Verdict.NOT_ASSESSED
    assert judged(nobody, members=members).reasons == (Reason.FACE_TOO_SMALL,)


def test_a_missing_member_is_named_and_never_guessed():
    members = [a_member("alpha"), a_member("beta")]
    scores = [
        a_score(HIGH),
        a_score(detector="beta", status=DetectorStatus.UNAVAILABLE, detail="telltale detectors fetch beta"),
    ]
    event = judged(an_extraction(batches={"alpha": 1, "beta": 1}), scores, members=members)
    without = judged(scores=[a_score(HIGH)])
    assert event.verdict is Verdict.LIKELY_MANIPULATED
    assert event.ensemble.missing == ("beta",)
    assert Reason.DETECTOR_UNAVAILABLE in event.reasons
    assert "telltale detectors fetch beta" in (event.detectors[1].detail or "")
    assert event.probability == without.probability


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (DetectorStatus.UNAVAILABLE, Reason.DETECTOR_UNAVAILABLE),
        (DetectorStatus.FAILED, Reason.PARTIAL_RESULTS),
    ],
)
def test_nothing_is_assessed_when_no_detector_could(status, reason):
    event = judged(scores=[a_score(status=status, detail="why")])
    assert event.verdict is Verdict.NOT_ASSESSED
    assert event.reasons == (reason,)
    assert event.probability is None
    assert event.detectors[0].status is status


def test_at_the_deadline_what_is_missing_is_named():
    members = [a_member("alpha"), a_member("beta")]
    extracted = an_extraction(batches={"alpha": 1, "beta": 3})
    event = judged(extracted, [a_score(HIGH)], members=members)
    assert Reason.TIMEOUT in event.reasons
    assert event.ensemble.missing == ("beta",)
    assert event.detectors[1].status is DetectorStatus.PENDING
    assert event.verdict is Verdict.INCONCLUSIVE  # half of the planned weight is no quorum
    assert judged(extracted, [], members=members).verdict is Verdict.NOT_ASSESSED


def test_a_first_look_says_that_results_are_partial():
    members = [a_member("alpha", weight=3.0), a_member("beta")]
    extracted = an_extraction(batches={"alpha": 1, "beta": 1}, complete=False)
    event = judged(extracted, [a_score(HIGH)], members=members, lifecycle=Lifecycle.PROVISIONAL)
    assert event.verdict is Verdict.LIKELY_MANIPULATED
    assert event.reasons == (Reason.PARTIAL_RESULTS,)
    quiet = judged(extracted, [a_score(LOW)], members=members, lifecycle=Lifecycle.PROVISIONAL)
    assert quiet.verdict is Verdict.INCONCLUSIVE


def test_an_uncalibrated_detector_is_shown_and_not_counted():
    members = [a_member("alpha"), a_member("beta", calibrated=False)]
    scores = [a_score(LOW), a_score(HIGH, detector="beta")]
    event = judged(an_extraction(batches={"alpha": 1, "beta": 1}), scores, members=members)
    assert event.verdict is Verdict.NO_EVIDENCE_FOUND
    assert event.ensemble.used == ("alpha",)
    assert event.reasons == (Reason.CALIBRATION_MISSING,)
    beta = event.detectors[1]
    assert beta.status is DetectorStatus.SCORED
    assert beta.raw == pytest.approx(0.98)
    assert beta.calibrated is None
    alone = judged(scores=[a_score(HIGH)], members=[a_member(calibrated=False)])
    assert alone.verdict is Verdict.INCONCLUSIVE
    assert alone.probability is None


def test_a_calibration_of_another_version_does_not_count():
    event = judged(scores=[a_score(HIGH, version="2")])
    assert event.verdict is Verdict.INCONCLUSIVE
    assert event.reasons == (Reason.CALIBRATION_MISSING,)


def test_unpinned_weights_keep_the_version_that_is_calibrated():
    assert judged(scores=[a_score(HIGH, version="1+0123abcd")]).verdict is Verdict.LIKELY_MANIPULATED
    assert judged(scores=[a_score(HIGH, version="10+0123abcd")]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("weights", "counts"), [("a" * 64, True), ("b" * 64, False)])
def test_a_calibration_that_names_its_weights_counts_for_no_others(weights: str, counts: bool):
    fitted = a_member(calibration=a_calibration().model_copy(update={"weights_sha256": weights}))
    event = judged(scores=[a_score(HIGH, version="1+aaaaaaaa")], members=[fitted])
    assert event.verdict is (Verdict.LIKELY_MANIPULATED if counts else Verdict.INCONCLUSIVE)
    assert event.reasons == (() if counts else (Reason.CALIBRATION_MISSING,))
    if not counts:
        assert "alpha 1+aaaaaaaa scored, but the calibration is that of 1 with the weights bbbbbbbb" in str(event)


def test_a_calibration_that_was_to_be_renewed_is_a_caveat():
    old = a_calibration().model_copy(update={"expires_at": NOON - timedelta(days=1)})
    event = judged(scores=[a_score(HIGH)], members=[a_member(calibration=old)])
    assert event.verdict is Verdict.LIKELY_MANIPULATED
    assert event.reasons == (Reason.CALIBRATION_MISSING,)
    assert "renewed by 2026-11-19" in event.problems[0].detail


def test_untrained_weights_never_count_unless_asked_for_and_are_flagged_then():
    event = judged(scores=[a_score(HIGH, untrained=True)])
    assert event.verdict is Verdict.INCONCLUSIVE
    assert event.detectors[0].untrained
    asked = judged(scores=[a_score(HIGH, untrained=True)], policy=Policy(fuse_untrained=True))
    assert asked.verdict is Verdict.LIKELY_MANIPULATED
    assert asked.detectors[0].untrained


def test_a_video_with_few_face_frames_is_inconclusive_and_a_picture_is_not():
    short = [a_score([0.98] * 5)]
    event = judged(scores=short)
    assert event.verdict is Verdict.INCONCLUSIVE
    assert event.reasons == (Reason.TOO_FEW_FACE_FRAMES,)
    picture = an_extraction(kind=MediaKind.IMAGE, tracks=[a_track(frames=1)], sampled_frames=1)
    assert judged(picture, [a_score([0.98])]).verdict is Verdict.LIKELY_MANIPULATED


def test_what_withheld_the_call_is_named_before_what_merely_is_missing():
    members = [a_member("alpha"), a_member("beta")]
    away = a_score(detector="beta", status=DetectorStatus.UNAVAILABLE, detail="no weights")
    few = judged(an_extraction(batches={"alpha": 1, "beta": 1}), [a_score([0.98] * 5), away], members=members)
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.reasons == (Reason.TOO_FEW_FACE_FRAMES, Reason.DETECTOR_UNAVAILABLE)
    small = an_extraction(tracks=[a_track(height_px=20.0)], batches={"alpha": 1, "beta": 1})
    event = judged(small, [a_score([0.98] * 2), away], members=members)
    assert event.reasons == (Reason.FACE_TOO_SMALL, Reason.DETECTOR_UNAVAILABLE)


def test_a_face_that_was_mostly_too_small_is_named_so():
    extracted = an_extraction(tracks=[a_track(height_px=20.0)])
    event = judged(extracted, [a_score([0.98] * 2)])
    assert event.verdict is Verdict.INCONCLUSIVE
    assert event.reasons == (Reason.FACE_TOO_SMALL,)
    assert event.probability is None


def test_small_faces_are_a_caveat():
    event = judged(an_extraction(face_height_px_p5=50.0), [a_score(HIGH)])
    assert event.verdict is Verdict.LIKELY_MANIPULATED
    assert event.reasons == (Reason.FACE_TOO_SMALL,)


def test_a_face_in_a_sliver_of_a_long_video_forbids_the_all_clear_only():
    extracted = an_extraction(sampled_frames=1000)
    assert judged(extracted, [a_score(LOW)]).verdict is Verdict.INCONCLUSIVE
    assert judged(extracted, [a_score(HIGH)]).verdict is Verdict.LIKELY_MANIPULATED


def test_frames_that_others_asked_for_are_no_sliver():
    extracted = an_extraction(sampled_frames=1000, sampled_for_each=20)
    assert judged(extracted, [a_score(LOW)]).verdict is Verdict.NO_EVIDENCE_FOUND


def test_the_frames_of_sequence_clips_count_each():
    event = judged(scores=[a_score([0.98] * 2, frames=16)])
    assert event.verdict is Verdict.LIKELY_MANIPULATED
    assert judged(scores=[a_score([0.98] * 2, frames=2)]).reasons == (Reason.TOO_FEW_FACE_FRAMES,)


def test_untrained_detectors_change_no_word_beside_a_trained_one():
    extracted = an_extraction(batches={"alpha": 1, "beta": 1})
    members = [a_member("alpha"), a_member("beta")]
    for raw in (HIGH, LOW):
        alone = judged(an_extraction(), [a_score(raw)])
        beside = judged(
            extracted,
            [a_score(raw), a_score([1 - one for one in raw], detector="beta", untrained=True)],
            members=members,
        )
        assert (beside.verdict, beside.probability, beside.ensemble.used) == (
            alone.verdict,
            alone.probability,
            ("alpha",),
        )
        assert [result.untrained for result in beside.detectors] == [False, True]
        assert beside.detectors[1].calibrated is None


@pytest.mark.parametrize("reason", [Reason.HEAVY_COMPRESSION, Reason.LOW_LIGHT_OR_BLUR])
def test_poor_quality_forbids_both_calls(reason):
    for raw in (HIGH, LOW):
        event = judged(an_extraction(problems=[problem(reason)]), [a_score(raw)])
        assert event.verdict is Verdict.INCONCLUSIVE
        assert event.reasons == (reason,)


@pytest.mark.parametrize("reason", [Reason.DECODE_ERROR, Reason.TOO_MANY_FACES_CAPPED])
def test_what_was_not_looked_at_forbids_the_all_clear_only(reason):
    extracted = an_extraction(problems=[problem(reason)])
    assert judged(extracted, [a_score(LOW)]).verdict is Verdict.INCONCLUSIVE
    assert judged(extracted, [a_score(HIGH)]).verdict is Verdict.LIKELY_MANIPULATED


def test_each_track_has_its_own_word_and_evidence():
    extracted = an_extraction(tracks=[a_track(0), a_track(1), a_track(2, frames=2)], batches={"alpha": 3})
    scores = [
        a_score([0.9 + i / 250 for i in range(20)], chunk=0, track=0),
        a_score(LOW, chunk=1, track=1),
        a_score([0.98, 0.98], chunk=2, track=2),
    ]
    event = judged(extracted, scores)
    words = {track.id: track.verdict for track in event.tracks}
    assert words == {0: Verdict.LIKELY_MANIPULATED, 1: Verdict.NO_EVIDENCE_FOUND, 2: Verdict.INCONCLUSIVE}
    first = event.tracks[0]
    most = [piece.crop for piece in first.evidence if piece.incriminating]
    least = [piece.crop for piece in first.evidence if not piece.incriminating]
    assert most == [19, 18, 17, 16, 15, 14]
    assert least == [0, 1, 2, 3, 4, 5]
    assert first.evidence[0].bundle.key.endswith("0-0.zip")
    assert "tracks" in event.ensemble.method


def test_the_order_and_repetition_of_scores_change_nothing():
    extracted = an_extraction(batches={"alpha": 4}, chunks=4)
    scores = [a_score([0.3 + 0.1 * chunk] * 5, chunk=chunk, start_s=5.0 * chunk) for chunk in range(4)]
    event = judged(extracted, scores)
    mixed = [*scores, *scores[:2]]
    random.Random(1).shuffle(mixed)
    assert judged(extracted, mixed).event_id == event.event_id


def test_the_event_id_depends_on_what_is_said_and_not_on_times_of_day():
    scores = [a_score(HIGH)]
    slower = [a_score(HIGH, elapsed_ms=99.0)]
    event = judged(scores=scores)
    later = judge(
        an_extraction(),
        slower,
        members=[a_member()],
        policy=Policy(),
        seq=1,
        lifecycle=Lifecycle.FINAL,
        now=NOON + timedelta(hours=1),
    )
    assert later.event_id == event.event_id
    others = {
        judged(scores=scores, seq=2).event_id,
        judged(scores=scores, policy=Policy(policy_version="other")).event_id,
        judged(scores=scores, lifecycle=Lifecycle.PROVISIONAL).event_id,
        judged(scores=[a_score(LOW)]).event_id,
    }
    assert len(others | {event.event_id}) == 5


def test_the_same_bytes_get_the_same_range_wherever_they_lie():
    uneven = [0.2, 0.9, 0.5, 0.97, 0.4, 0.7] * 4
    bare = an_extraction()
    here, other_bytes = (
        bare.model_copy(update={"media": bare.media.model_copy(update={"sha256": digest * 64})}) for digest in "de"
    )
    there = here.model_copy(update={"media_id": "f" * 32})
    ranges = [judged(extracted, [a_score(uneven)]).probability for extracted in (here, there, other_bytes)]
    assert ranges[0] == ranges[1] != ranges[2]


def test_an_unknown_detector_is_listed_and_not_counted():
    extracted = an_extraction(batches={"alpha": 1, "stranger": 1})
    event = judged(extracted, [a_score(HIGH), a_score(LOW, detector="stranger")])
    assert [result.name for result in event.detectors] == ["alpha", "stranger"]
    assert event.ensemble.used == ("alpha",)


def test_the_same_numbers_can_be_worked_out_again_from_the_event():
    members = [a_member("alpha", weight=2.0), a_member("beta", calibration=a_calibration(b=-1.0))]
    scores = [a_score(MIDDLE), a_score(MIDDLE, detector="beta")]
    event = judged(an_extraction(batches={"alpha": 1, "beta": 1}), scores, members=members)

    weights = [result.weight or 0.0 for result in event.detectors]
    logits = [logit(result.calibrated or 0.0) for result in event.detectors]
    mean = sum(w * x for w, x in zip(weights, logits, strict=True)) / sum(weights)
    assert event.probability is not None
    assert event.probability.value == pytest.approx(sigmoid(mean), abs=1e-3)


def test_the_event_of_a_very_long_video_fits_into_a_message():
    chunks, tracks = 160, 8
    extracted = an_extraction(
        batches={"alpha": chunks},
        chunks=chunks,
        sampled_frames=10_240,
        tracks=[a_track(track) for track in range(tracks)],
    )
    scores = [
        a_score([0.1 + 0.8 * ((chunk * 7 + i) % 10) / 10 for i in range(64)], chunk=chunk, track=chunk % tracks)
        for chunk in range(chunks)
    ]
    event = judged(extracted, scores)
    raw = encode(event)
    assert len(raw) < 900_000
    assert len(event.segments) <= 500
    assert {segment.track for segment in event.segments} == set(range(tracks))
    assert decode(raw, MediaVerdict) == event


def test_an_event_with_absurdly_many_faces_fits_too():
    tracks = 600
    extracted = an_extraction(batches={"alpha": 1}, tracks=[a_track(track) for track in range(tracks)])
    scores = [
        score.model_copy(update={"chunk_index": track})
        for track in range(tracks)
        for score in [a_score([0.5, 0.9, 0.2, 0.7], track=track, chunk=track)]
    ]
    event = judged(extracted, scores, policy=Policy(bootstrap_rounds=20))
    assert len(encode(event)) < 900_000
    assert len(event.tracks) == Policy().most_tracks
    tight = judged(extracted, scores, policy=Policy(bootstrap_rounds=20, most_event_bytes=20_000))
    assert len(encode(tight)) <= 20_000
    assert tight.probability == event.probability
