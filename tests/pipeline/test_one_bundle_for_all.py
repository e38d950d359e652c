"""Frame and sequence detectors are served from one decode and one bundle per chunk, down to the verdict."""

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.demands import CropDemand
from contracts.messages import CropBatch, DetectorScore, MediaExtracted
from contracts.vocabulary import Lifecycle, Verdict
from ingest.extraction import ExtractionRules
from ingest.object_stores.folder import FolderStore
from ingest.telemetry import metric
from stream_processors.extractor import Extractor
from stream_processors.judgement import judge
from stream_processors.policy import Policy
from stream_processors.scorer import Bundles, Scorer
from tests.support.cases import a_member, an_upload
from tests.support.detectors import FakeDetector
from tests.support.media import PaintLocator, a_video

FRAME = CropDemand(detector="frame", margin=0.2)
FLOW = CropDemand(detector="flow", frames_per_second=25.0, clip_length=16, shortest_clip=8, min_frames=1, margin=0.5)
BURST = CropDemand(detector="burst", frames_per_second=12.5, clip_length=5, clip_every_s=1.0, min_frames=1, margin=0.2)


class Seen:
    """The batches and answers of one item, and how often it was decoded."""

    def __init__(self, tmp_path: Path, chunk_frames: int) -> None:
        bucket, work = FolderStore.make(tmp_path / "bucket"), FolderStore.make(tmp_path / "work")
        a_video(tmp_path / "bucket" / "clip.mp4", frames=75)
        found = bucket.stat("clip.mp4")
        upload = an_upload(key="clip.mp4", version=found.version)
        upload = upload.model_copy(update={"size_bytes": found.size_bytes})
        extractor = Extractor(
            bucket=bucket,
            work=work,
            demands=[FRAME, FLOW, BURST],
            locator=PaintLocator(),
            rules=ExtractionRules(chunk_frames=chunk_frames),
            scratch=tmp_path / "scratch",
            most_bytes=10**7,
        )
        detectors = {
            "frame": FakeDetector("frame", rule=lambda clip: 0.02),
            "flow": FakeDetector(
                "flow", rule=lambda clip: len(clip.crops) / 100, untrained=True, clip_length=16, shortest_clip=8
            ),
            "burst": FakeDetector("burst", rule=lambda clip: len(clip.crops) / 100, untrained=True, clip_length=5),
        }
        scorers = {name: Scorer(fake, Bundles(work), clips_per_pass=4) for name, fake in detectors.items()}
        before = _decoder_runs()
        messages = [one.message for chunk in extractor.chunks(upload) for one in chunk]
        self.decoder_runs = _decoder_runs() - before
        self.batches = [message for message in messages if isinstance(message, CropBatch)]
        *_, self.extracted = [message for message in messages if isinstance(message, MediaExtracted)]
        self.bundles = {batch.bundle.key for batch in self.batches}
        self.scores = [scorers[batch.detector].answer([batch])[0].score for batch in self.batches]

    def clips(self, name: str) -> list[tuple[int, int, float, float, float, int]]:
        return [
            (clip.clip_index, clip.track_id, clip.start_s, clip.end_s, clip.raw_score, clip.frames)
            for score in self.scores
            if score.detector == name
            for clip in score.clips
        ]


def _decoder_runs() -> float:
    return metric("telltale_decoder_runs_total")._value.get()


@pytest.mark.parametrize("chunk_frames", [20, 1000])
def test_all_detectors_share_one_decode_and_one_bundle_per_chunk(tmp_path: Path, chunk_frames: int):
    seen = Seen(tmp_path, chunk_frames)
    assert seen.decoder_runs == 1
    assert len(seen.bundles) == len({batch.chunk_index for batch in seen.batches}) == (1 if chunk_frames > 75 else 4)
    assert [raw for *_, raw, _ in seen.clips("flow")] == [0.16, 0.16, 0.16, 0.16, 0.11]
    assert [(start, frames) for _, _, start, _, _, frames in seen.clips("burst")] == [(0.0, 5), (1.0, 5), (2.0, 5)]
    for name, expected in seen.extracted.expected.items():
        numbers = [number for number, *_ in seen.clips(name)]
        assert numbers == list(range(expected.clips))
        assert expected.batches == sum(batch.detector == name for batch in seen.batches)


def test_the_size_of_chunks_changes_no_score(tmp_path: Path):
    few, many = Seen(tmp_path / "few", 20), Seen(tmp_path / "many", 1000)
    for name in ("frame", "flow", "burst"):
        assert few.clips(name) == many.clips(name) != []


def test_the_verdict_rests_on_the_trained_and_names_the_others(tmp_path: Path):
    seen, blind = Seen(tmp_path, 20), Policy(gates=frozenset())  # a painted face is as blurred as can be

    def judged(scores: list[DetectorScore], *names: str):
        members = [replace(a_member(name, calibrated=name == "frame"), version="1.0.0") for name in names]
        return judge(seen.extracted, scores, members=members, seq=1, lifecycle=Lifecycle.FINAL, policy=blind)

    verdict = judged(seen.scores, "frame", "flow", "burst")
    alone = judged([score for score in seen.scores if score.detector == "frame"], "frame")
    assert verdict.verdict is alone.verdict is Verdict.NO_EVIDENCE_FOUND
    assert verdict.probability == alone.probability
    assert {result.name: result.untrained for result in verdict.detectors} == {
        "frame": False,
        "flow": True,
        "burst": True,
    }
    assert verdict.ensemble.used == ("frame",)
