"""An upload becomes a verdict through the stages' own parts in one process: bundles, batches, scores, state."""

from dataclasses import replace

from contracts.demands import CropDemand
from contracts.messages import CropBatch, MediaVerdict
from contracts.vocabulary import Lifecycle, Reason, Verdict
from ingest.extraction import ExtractionRules
from ingest.object_stores.folder import FolderStore
from stream_processors.aggregator import Aggregator
from stream_processors.extractor import Extractor
from stream_processors.item_state import Clockwork
from stream_processors.policy import Policy
from stream_processors.scorer import Bundles, Scorer
from tests.support.cases import a_member, an_upload
from tests.support.detectors import FakeDetector
from tests.support.located import FixedLocator, a_png


async def verdicts_on(tmp_path, data: bytes, *, raw_score: float) -> list[MediaVerdict]:
    """Drop ``data`` into a folder bucket and carry every message to its reader by hand."""
    bucket, work = FolderStore.make(tmp_path / "bucket"), FolderStore.make(tmp_path / "work")
    bucket.write("picture.png", data)
    found = bucket.stat("picture.png")
    upload = an_upload(key="picture.png", version=found.version)
    upload = upload.model_copy(update={"size_bytes": found.size_bytes})
    extractor = Extractor(
        bucket=bucket,
        work=work,
        demands=[CropDemand(detector="fake", margin=0.2)],
        locator=FixedLocator((0.2, 0.2, 0.8, 0.8)),
        rules=ExtractionRules(),
        scratch=tmp_path / "scratch",
        most_bytes=10**6,
    )
    scorer = Scorer(FakeDetector(rule=lambda clip: raw_score), Bundles(work), clips_per_pass=4)
    verdicts: list[MediaVerdict] = []

    async def keep(outgoing) -> None:
        verdicts.extend(one.message for one in outgoing)

    aggregator = Aggregator(
        items={},
        parts={},
        send=keep,
        members=[replace(a_member("fake"), version="1.0.0")],
        clockwork=Clockwork(deadline_s=60.0, grace_s=60.0, provisional_interval_s=2.0, started_s=0.0),
        policy=Policy(),
    )
    for chunk in extractor.chunks(upload):
        for one in chunk:
            message = one.message
            if isinstance(message, CropBatch):
                (answer,) = scorer.answer([message])
                message = answer.score
            await aggregator.learn(message, partition=0, trace={})
    return verdicts


async def test_a_picture_with_a_face_gets_one_final_verdict_with_its_evidence(tmp_path):
    (verdict,) = await verdicts_on(tmp_path, a_png(), raw_score=0.99)
    assert verdict.lifecycle is Lifecycle.FINAL
    assert verdict.verdict is Verdict.LIKELY_MANIPULATED
    assert verdict.uploaded.key == "picture.png"
    (track,) = verdict.tracks
    assert FolderStore.make(tmp_path / "work").stat(track.evidence[0].bundle.key).size_bytes > 0


async def test_a_file_that_is_no_media_gets_one_too(tmp_path):
    (verdict,) = await verdicts_on(tmp_path, b"text", raw_score=0.99)
    assert verdict.verdict is Verdict.NOT_ASSESSED
    assert verdict.reasons == (Reason.UNSUPPORTED_FORMAT,)
    assert verdict.probability is None
