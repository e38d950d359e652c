"""The SHA-256 of the bytes that came is said, whatever became of them afterwards."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import detectors
from contracts.errors import PoisonMessage
from contracts.messages import MediaExtracted, MediaUploaded
from contracts.settings import ExtractSettings
from contracts.vocabulary import Reason
from ingest.decoding import DecoderLimits
from ingest.extraction import ExtractionRules
from ingest.identity import media_id_of
from ingest.object_stores.folder import FolderStore
from stream_processors.extractor import Extractor
from tests.support.located import FixedLocator
from tests.support.read_models import write_clip


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.make(tmp_path / "bucket")
    write_clip(store.root / "clip.mp4")
    return store


def closing(store: FolderStore, tmp_path: Path, limits: DecoderLimits) -> tuple[MediaExtracted, bool]:
    """The last facts about the clip, and whether it was then parked."""
    found = store.stat("clip.mp4")
    upload = MediaUploaded(
        media_id=media_id_of("bucket", found.key, found.version),
        bucket="bucket",
        key=found.key,
        version=found.version,
        size_bytes=found.size_bytes,
        source="folder",
        uploaded_at=datetime.now(UTC),
    )
    extractor = Extractor(
        bucket=store,
        work=FolderStore.make(tmp_path / "work"),
        demands=[detectors.spec("telltale").demand],
        locator=FixedLocator(),
        rules=replace(ExtractionRules.of(ExtractSettings()), decoder=limits),
        scratch=tmp_path / "scratch",
        most_bytes=10**9,
    )
    told: list[MediaExtracted] = []
    try:
        for chunk in extractor.chunks(upload):
            told += [one.message for one in chunk if isinstance(one.message, MediaExtracted)]
    except PoisonMessage:
        return told[-1], True
    return told[-1], False


def test_bytes_that_were_decoded_and_bytes_that_killed_their_decoder_are_named_by_their_hash(
    store: FolderStore, tmp_path: Path
):
    sha256 = hashlib.sha256(store.read("clip.mp4")).hexdigest()
    usual = ExtractionRules.of(ExtractSettings()).decoder
    extracted, is_parked = closing(store, tmp_path, usual)
    assert (extracted.media.sha256, is_parked) == (sha256, False)
    extracted, is_parked = closing(store, tmp_path, replace(usual, memory_bytes=2**20))
    assert (extracted.media.sha256, is_parked) == (sha256, True)
    assert [problem.reason for problem in extracted.problems] == [Reason.DECODE_ERROR]
