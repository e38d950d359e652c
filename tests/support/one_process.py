"""An upload in; its verdict events out, through the stages' own parts in one process, with a store that may fail."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from contracts.demands import CropDemand
from contracts.errors import PoisonMessage
from contracts.messages import CropBatch, MediaUploaded, MediaVerdict
from contracts.vocabulary import Lifecycle
from ingest.extraction import ExtractionRules
from ingest.identity import media_id_of
from ingest.object_store import ObjectStore
from ingest.object_stores.folder import FolderStore
from stream_processors.aggregator import Aggregator
from stream_processors.extractor import Extractor
from stream_processors.item_state import Clockwork
from stream_processors.policy import Policy
from stream_processors.scorer import Bundles, Scorer
from tests.support.cases import a_member
from tests.support.detectors import FakeDetector
from tests.support.media import PaintLocator


def uploaded(bucket: ObjectStore, key: str) -> MediaUploaded:
    """What is announced of an object as it is now."""
    found = bucket.stat(key)
    return MediaUploaded(
        media_id=media_id_of(bucket.bucket, key, found.version),
        bucket=bucket.bucket,
        key=key,
        version=found.version,
        size_bytes=found.size_bytes,
        source="test",
        uploaded_at=found.modified_at,
    )


class OneProcess:
    """Extraction with painted faces, a detector that says 0.9 of each, and the aggregator."""

    def __init__(self, bucket: ObjectStore, folder: Path, *, rules: ExtractionRules | None = None) -> None:
        self.scratch = folder / "scratch"
        self.verdicts: list[MediaVerdict] = []
        self.parked: list[PoisonMessage] = []
        work = FolderStore.make(folder / "work")
        self._extractor = Extractor(
            bucket=bucket,
            work=work,
            demands=[CropDemand(detector="fake", margin=0.2, min_face_px=8)],
            locator=PaintLocator(),
            rules=rules or ExtractionRules(),
            scratch=self.scratch,
            most_bytes=10**8,
        )
        self._scorer = Scorer(FakeDetector(rule=lambda clip: 0.9), Bundles(work), clips_per_pass=4)
        self._aggregator = Aggregator(
            items={},
            parts={},
            send=self._keep,
            members=[replace(a_member("fake"), version="1.0.0")],
            clockwork=Clockwork(deadline_s=60.0, grace_s=60.0, provisional_interval_s=2.0, started_s=0.0),
            policy=Policy(),
        )

    @property
    def finals(self) -> list[MediaVerdict]:
        return [event for event in self.verdicts if event.lifecycle is Lifecycle.FINAL]

    async def take(self, upload: MediaUploaded) -> None:
        """Work off one announcement, as far as it comes. Raises ``NotNow`` where it has to be offered again."""
        for outgoing in self._until_poison(upload):
            message = outgoing.message
            if isinstance(message, CropBatch):
                (answer,) = self._scorer.answer([message])
                message = answer.score
            await self._aggregator.learn(message, partition=0, trace={})

    def _until_poison(self, upload: MediaUploaded) -> Iterator:
        try:
            for chunk in self._extractor.chunks(upload):
                yield from chunk
        except PoisonMessage as why:
            self.parked.append(why)  # its closing message came before

    async def _keep(self, outgoing) -> None:
        self.verdicts.extend(one.message for one in outgoing if isinstance(one.message, MediaVerdict))
