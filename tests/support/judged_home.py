"""A folder in; the home of a deployment out that has judged one picture for real, in this process and without Kafka."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from skimage import data
from sqlalchemy import Engine

import detectors
from contracts.messages import CropBatch, DetectorScore, MediaExtracted, MediaUploaded, MediaVerdict
from contracts.settings import DetectSettings, ExtractSettings, ProjectSettings
from contracts.vocabulary import Lifecycle
from dashboard.read_model import ReadModelWriter, open_engine, url_of
from ingest.extraction import ExtractionRules
from ingest.identity import media_id_of
from ingest.object_stores.folder import FolderStore
from stream_processors.extractor import Extractor
from stream_processors.face_locators import locator_of
from stream_processors.judgement import judge, members_of
from stream_processors.rechecking import recheck_of
from stream_processors.scorer import Bundles
from telltale.scan_detectors import ScanDetectors, loader

DETECTOR = "telltale"


@dataclass(frozen=True)
class JudgedHome:
    """The folder and what the stages said of ``key``."""

    home: Path
    uploaded: MediaUploaded
    extracted: MediaExtracted
    scores: tuple[DetectorScore, ...]
    verdict: MediaVerdict

    @property
    def bucket(self) -> FolderStore:
        return FolderStore.make(self.home / "bucket")

    @property
    def work(self) -> FolderStore:
        return FolderStore.make(self.home / "work")

    @property
    def engine(self) -> Engine:
        return open_engine(url_of(ProjectSettings(home=self.home)))


def judged_home(home: Path, key: str) -> JudgedHome:
    """Upload a portrait, extract it, score it, judge it and project all of that."""
    bucket, work = FolderStore.make(home / "bucket"), FolderStore.make(home / "work")
    picture = home / "picture.jpg"
    Image.fromarray(data.astronaut()).save(picture, quality=95)
    bucket.put_file(key, picture)
    picture.unlink()
    uploaded = _uploaded(bucket, key)
    messages = _extracted(home, bucket, work, uploaded)
    batches = [one for one in messages if isinstance(one, CropBatch)]
    extracted = [one for one in messages if isinstance(one, MediaExtracted)][-1]
    scores = _scored(work, home / "weights", batches)
    verdict = judge(
        extracted, scores, members=members_of([DETECTOR], home / "weights"), seq=1, lifecycle=Lifecycle.FINAL
    )
    engine = open_engine(url_of(ProjectSettings(home=home)))
    ReadModelWriter(engine).apply([uploaded, extracted, verdict])
    engine.dispose()
    return JudgedHome(home, uploaded, extracted, tuple(scores), verdict)


def _uploaded(bucket: FolderStore, key: str) -> MediaUploaded:
    found = bucket.stat(key)
    return MediaUploaded(
        media_id=media_id_of(bucket.bucket, key, found.version),
        bucket=bucket.bucket,
        key=key,
        version=found.version,
        size_bytes=found.size_bytes,
        source="folder",
        uploaded_at=found.modified_at,
    )


def _extracted(home: Path, bucket: FolderStore, work: FolderStore, uploaded: MediaUploaded) -> list:
    settings = ExtractSettings(torch_threads=1)
    extractor = Extractor(
        bucket=bucket,
        work=work,
        demands=[detectors.spec(DETECTOR).demand],
        locator=locator_of(settings, weights=home / "weights"),
        rules=ExtractionRules.of(settings),
        scratch=home / "scratch",
        most_bytes=settings.max_object_bytes,
    )
    messages = [outgoing.message for chunk in extractor.chunks(uploaded) for outgoing in chunk]
    extractor.mark_done(uploaded.media_id)
    return messages


def _scored(work: FolderStore, weights: Path, batches: list[CropBatch]) -> list[DetectorScore]:
    settings = DetectSettings(torch_threads=1, device="cpu")
    asked = ScanDetectors(
        loader(weights, settings),
        Bundles(work),
        clips_per_pass=8,
        one_at_a_time=False,
        recheck=lambda name: recheck_of(name, settings.reencode_clips, weights),
    )
    return list(asked.answers(batches, tell=lambda _detector: None))
