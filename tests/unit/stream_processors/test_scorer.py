"""Every crop batch gets exactly one answer, whatever is wrong with its crops."""

import pytest

from contracts.clips import FaceClip
from contracts.errors import NotNow
from contracts.messages import ClaimCheck, ClipRef, CropBatch
from contracts.vocabulary import DetectorStatus
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from stream_processors.scorer import Bundles, Scorer, unscored
from tests.support.detectors import FakeDetector, brightness
from tests.support.faces import a_crop
from tests.support.fake_store import FakeStore


def a_bundle(store: FakeStore, *, crops: int = 3, name: str = "0") -> ClaimCheck:
    return issue(store, f"crops/item/{name}.zip", pack([a_crop(seed=seed, pts_s=seed) for seed in range(crops)]))


def a_batch(bundle: ClaimCheck, *, clips: int = 3, media_id: str = "item", chunk: int = 0) -> CropBatch:
    refs = tuple(ClipRef(clip_index=i, track_id=0, crops=(i,), start_s=i, end_s=i) for i in range(clips))
    return CropBatch(media_id=media_id, detector="fake", chunk_index=chunk, bundle=bundle, clips=refs)


def a_scorer(store: FakeStore, *, clips_per_pass: int = 32) -> tuple[Scorer, FakeDetector]:
    detector = FakeDetector()
    return Scorer(detector, Bundles(store), clips_per_pass=clips_per_pass), detector


def test_each_clip_gets_the_score_of_its_own_crop():
    store = FakeStore()
    scorer, _ = a_scorer(store)
    (answer,) = scorer.answer([a_batch(a_bundle(store))])
    assert answer.score.status is DetectorStatus.SCORED
    assert [clip.raw_score for clip in answer.score.clips] == pytest.approx(
        [brightness(a_clip_of(seed)) for seed in range(3)]
    )
    assert [clip.crop for clip in answer.score.clips] == [0, 1, 2]
    assert answer.score.weights_sha256 == "0" * 64


def a_clip_of(seed: int) -> FaceClip:
    return FaceClip("item", seed, (a_crop(seed=seed, pts_s=seed),))


def test_passes_are_filled_across_items_and_answers_keep_their_order():
    store = FakeStore()
    bundle = a_bundle(store, crops=5)
    scorer, detector = a_scorer(store, clips_per_pass=4)
    answers = scorer.answer([a_batch(bundle, clips=5, media_id=name) for name in ("one", "two")])
    assert detector.passes == [4, 4, 2]
    assert [answer.score.media_id for answer in answers] == ["one", "two"]
    assert answers[0].score.clips == answers[1].score.clips


def test_expired_crops_are_a_failure_that_counts_as_an_answer():
    store = FakeStore()
    gone = a_bundle(store, name="gone")
    store.delete(gone.key)
    scorer, _ = a_scorer(store)
    lost, fine = scorer.answer([a_batch(gone), a_batch(a_bundle(store))])
    assert lost.score.status is DetectorStatus.FAILED
    assert "expired" in (lost.score.detail or "")
    assert lost.poison is None
    assert len(fine.score.clips) == 3


def test_damaged_crops_are_poison_and_answered_too():
    store = FakeStore()
    bundle = a_bundle(store)
    store.write(bundle.key, store.read(bundle.key)[:-1] + b"?")
    scorer, _ = a_scorer(store)
    (answer,) = scorer.answer([a_batch(bundle)])
    assert answer.score.status is DetectorStatus.FAILED
    assert answer.poison is not None


def test_clips_that_point_outside_their_bundle_are_poison():
    store = FakeStore()
    scorer, _ = a_scorer(store)
    (answer,) = scorer.answer([a_batch(a_bundle(store, crops=2), clips=3)])
    assert answer.score.status is DetectorStatus.FAILED
    assert answer.poison is not None


def test_a_store_that_is_away_answers_nothing():
    store = FakeStore()
    batch = a_batch(a_bundle(store))
    store.is_away = True
    scorer, detector = a_scorer(store)
    with pytest.raises(NotNow):
        scorer.answer([batch])
    assert detector.passes == []


def test_a_bundle_is_fetched_once_for_several_detectors():
    store = FakeStore()
    bundle = a_bundle(store)
    bundles = Bundles(store, kept=1)
    first = bundles.crops(bundle)
    store.is_away = True
    assert bundles.crops(bundle) is first
    store.is_away = False
    bundles.crops(a_bundle(store, name="1"))
    store.is_away = True
    with pytest.raises(NotNow):
        bundles.crops(bundle)


def test_an_absent_detector_answers_without_crops():
    batch = a_batch(ClaimCheck(key="k", sha256="0" * 64, size_bytes=1), chunk=7)
    score = unscored(batch, DetectorStatus.UNAVAILABLE, "telltale detectors fetch fake")
    assert (score.detector, score.chunk_index, score.clips) == ("fake", 7, ())
