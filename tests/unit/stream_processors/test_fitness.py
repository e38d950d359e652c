"""Measured limits withhold a call, a better face decides instead, and each can be switched off."""

import pytest

from contracts.messages import MediaVerdict, Problem
from contracts.settings import AggregateSettings
from contracts.vocabulary import Lifecycle, MediaKind, Reason, Verdict
from detectors.calibration import logit
from ingest.quality_reference import quality_reference
from stream_processors.judgement import judge
from stream_processors.policy import Policy
from stream_processors.stability import as_after
from tests.support.cases import a_member, a_score, a_track, an_extraction

HIGH, LOW = [0.98] * 20, [0.02] * 20
REFERENCE = quality_reference()
BLURRED = a_track().model_copy(update={"sharpness_median": 0.5 * REFERENCE.sharpness.p1})
SHARP = a_track(1).model_copy(update={"sharpness_median": REFERENCE.sharpness.p50})


def judged(extracted, *scores, policy: Policy | None = None) -> MediaVerdict:
    return judge(extracted, scores, members=[a_member()], policy=policy or Policy(), seq=1, lifecycle=Lifecycle.FINAL)


def without(reason: Reason) -> Policy:
    names = ",".join(one for one in Policy().gates if one is not reason)
    return Policy.of(AggregateSettings(gates=names))


def of_codec(codec: str, *, quantiser: float | None = None, bits: float | None = None):
    bare = an_extraction()
    return bare.model_copy(
        update={
            "media": bare.media.model_copy(update={"codec": codec}),
            "quality": bare.quality.model_copy(update={"quantiser_mean": quantiser, "bits_per_pixel": bits}),
        }
    )


def changed(score, **update):
    return score.model_copy(update={"clips": tuple(clip.model_copy(update=update) for clip in score.clips)})


def test_all_gates_are_on_unless_somebody_says_otherwise():
    assert Policy().gates == Policy.of(AggregateSettings()).gates
    assert {Reason.HEAVY_COMPRESSION, Reason.OUT_OF_DOMAIN} <= Policy().gates
    with pytest.raises(ValueError, match="no_such_gate"):
        Policy.of(AggregateSettings(gates="no_such_gate"))


def test_coarse_quantisers_forbid_a_call_and_say_the_numbers():
    limit = REFERENCE.quantiser.p90
    assert judged(of_codec("h264", quantiser=limit), a_score(HIGH)).verdict is Verdict.LIKELY_MANIPULATED
    event = judged(of_codec("h264", quantiser=limit + 4), a_score(HIGH))
    assert (event.verdict, event.reasons) == (Verdict.INCONCLUSIVE, (Reason.HEAVY_COMPRESSION,))
    assert f"{limit + 4:.0f}" in event.problems[0].detail
    assert event.probability is not None
    off = judged(of_codec("h264", quantiser=limit + 4), a_score(HIGH), policy=without(Reason.HEAVY_COMPRESSION))
    assert off.verdict is Verdict.LIKELY_MANIPULATED


def test_old_codecs_are_held_to_their_bits_and_thriftier_ones_to_nothing():
    few = 0.5 * REFERENCE.bits_per_pixel.p10
    assert judged(of_codec("mpeg1video", bits=few), a_score(HIGH)).reasons == (Reason.HEAVY_COMPRESSION,)
    assert judged(of_codec("mpeg1video", bits=100 * few), a_score(HIGH)).reasons == ()
    assert judged(of_codec("hevc", bits=few), a_score(HIGH)).reasons == ()
    picture = an_extraction(kind=MediaKind.IMAGE)
    assert REFERENCE.compression_flaw(picture.media, of_codec("jpeg", bits=few).quality) is None


def test_an_only_face_that_is_blurred_forbids_a_call():
    extracted = an_extraction(tracks=[BLURRED])
    for raw in (HIGH, LOW):
        event = judged(extracted, a_score(raw))
        assert (event.verdict, event.reasons) == (Verdict.INCONCLUSIVE, (Reason.LOW_LIGHT_OR_BLUR,))
        assert "sharpness" in event.problems[0].detail
        assert event.probability is not None
    off = judged(extracted, a_score(HIGH), policy=without(Reason.LOW_LIGHT_OR_BLUR))
    assert off.verdict is Verdict.LIKELY_MANIPULATED


@pytest.mark.parametrize(
    "flaw",
    [
        {"luma_range_median": 0.5 * REFERENCE.luma_range.p1},
        {"clipped_share_median": REFERENCE.clipped_share.p99 + 0.3},
    ],
)
def test_dark_and_glaring_faces_are_named_too(flaw: dict[str, float]):
    track = a_track().model_copy(update=flaw)
    assert judged(an_extraction(tracks=[track]), a_score(HIGH)).reasons == (Reason.LOW_LIGHT_OR_BLUR,)


def test_beside_a_sharp_face_a_blurred_one_has_no_say():
    extracted = an_extraction(tracks=[BLURRED, SHARP], batches={"alpha": 2}, chunks=2)
    event = judged(extracted, a_score(HIGH), a_score(LOW, track=1, chunk=1))
    assert (event.verdict, event.reasons) == (Verdict.NO_EVIDENCE_FOUND, ())
    assert [track.verdict for track in event.tracks] == [Verdict.INCONCLUSIVE, Verdict.NO_EVIDENCE_FOUND]


def test_a_face_that_the_detector_does_not_know_forbids_a_call():
    far = judged(an_extraction(), changed(a_score(HIGH), unfamiliarity=1.5))
    assert (far.verdict, far.reasons) == (Verdict.INCONCLUSIVE, (Reason.OUT_OF_DOMAIN,))
    assert "alpha" in far.problems[0].detail
    assert "1.5 times" in far.problems[0].detail
    assert judged(an_extraction(), changed(a_score(HIGH), unfamiliarity=0.9)).reasons == ()
    assert judged(an_extraction(), a_score(HIGH)).reasons == ()


def test_the_gates_of_the_environment_are_those_of_scan_pipeline_and_evaluation(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_GATES", "out_of_domain")
    policy = Policy.of(AggregateSettings())
    assert policy.gates == {Reason.OUT_OF_DOMAIN}
    assert judged(an_extraction(tracks=[BLURRED]), a_score(HIGH), policy=policy).reasons == ()
    monkeypatch.setenv("TELLTALE_GATES", "")
    assert Policy.of(AggregateSettings()).gates == frozenset()


def test_a_single_odd_frame_does_not_make_a_face_unknown():
    score = changed(a_score(HIGH), unfamiliarity=0.5)
    clips = (score.clips[0].model_copy(update={"unfamiliarity": 9.0}), *score.clips[1:])
    assert judged(an_extraction(), score.model_copy(update={"clips": clips})).reasons == ()


def test_a_word_that_mild_encoding_turns_forbids_a_call():
    event = judged(an_extraction(), changed(a_score(HIGH), reencoded=(0.97, 0.5)))
    assert (event.verdict, event.reasons) == (Verdict.INCONCLUSIVE, (Reason.UNSTABLE_UNDER_REENCODE,))
    assert "scaling" in event.problems[0].detail
    assert judged(an_extraction(), changed(a_score(HIGH), reencoded=(0.98, 0.97))).reasons == ()
    off = without(Reason.UNSTABLE_UNDER_REENCODE)
    kept = judged(an_extraction(), changed(a_score(HIGH), reencoded=(0.97, 0.5)), policy=off)
    assert kept.verdict is Verdict.LIKELY_MANIPULATED


def test_an_unstable_word_is_the_first_reason():
    files = an_extraction(problems=[Problem(reason=Reason.DECODE_ERROR, detail="cut off")])
    event = judged(files, changed(a_score(HIGH), reencoded=(0.97, 0.5)))
    assert event.reasons == (Reason.UNSTABLE_UNDER_REENCODE, Reason.DECODE_ERROR)


def test_clips_that_were_not_tried_move_as_those_of_their_face_did():
    first, second, other = *a_score([0.9, 0.8]).clips, *a_score([0.7], track=5).clips
    tried = first.model_copy(update={"reencoded": (0.6, 0.9)})
    moved = as_after([tried, second, other], 0)
    assert moved[0].raw_score == 0.6
    assert logit(moved[1].raw_score) - logit(0.8) == pytest.approx(logit(0.6) - logit(0.9))
    assert moved[2].raw_score == 0.7
