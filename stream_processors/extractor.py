"""One upload in; the messages of its chunks out, their crop bundles already stored: extraction without Faust."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from contracts.demands import CropDemand
from contracts.errors import NotNow, ObjectChanged, ObjectMissing
from contracts.messages import CropBatch, ExpectedClips, MediaExtracted, MediaFacts, MediaUploaded, Problem
from contracts.telemetry import MetricName
from contracts.topics import MEDIA_EXTRACTED, crops_for
from contracts.vocabulary import Reason
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.extraction import DecoderKilled, ExtractedChunk, ExtractionRules, extract, sha256_of
from ingest.face_locator import FaceLocator
from ingest.object_store import ObjectStore
from ingest.parking import ParkedRecord
from ingest.private_folders import private_folder
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.tries import Tries

_log = structlog.get_logger()
_NONE_ASKED = "None of the detectors that were chosen for this item runs in this deployment."


class Extractor:
    """Turns uploads into crop bundles in the work store and into the messages about them.

    A repeated run gives the same chunks, so that a repeated delivery overwrites and adds nothing.

    Args:
        scratch: folder for the copy of the item that is being decoded.
        most_bytes: larger objects are answered with ``file_too_large`` and not copied.
    """

    def __init__(
        self,
        *,
        bucket: ObjectStore,
        work: ObjectStore,
        demands: Sequence[CropDemand],
        locator: FaceLocator,
        rules: ExtractionRules,
        scratch: Path,
        most_bytes: int,
    ) -> None:
        self._bucket = bucket
        self._work = work
        self._demands = tuple(demands)
        self._locator = locator
        self._rules = rules
        self._scratch = scratch
        self._most_bytes = most_bytes
        self._tries = Tries(work)

    def begin(self, media_id: str, record: ParkedRecord) -> None:
        """Note that work on an upload begins. Raises ``WorkerKilled`` where too many workers died over it."""
        self._tries.begin(_folder(media_id), record)

    def end(self, media_id: str, record: ParkedRecord) -> None:
        """Note that it has come to any end."""
        self._tries.end(_folder(media_id), record)

    def let_go(self, media_id: str, record: ParkedRecord) -> None:
        """Note that it is left for another worker, and that nobody died over it."""
        self._tries.let_go(_folder(media_id), record)

    def is_done(self, media_id: str) -> bool:
        """Whether all messages about this item have been confirmed before."""
        try:
            self._work.stat(_marker(media_id))
        except ObjectMissing:
            return False
        return True

    def mark_done(self, media_id: str) -> None:
        """All messages about this item are confirmed, its dead letter included where there is one."""
        self._work.write(_marker(media_id), json.dumps({"media_id": media_id}).encode())

    def chunks(self, upload: MediaUploaded) -> Generator[list[Outgoing]]:
        """The messages of each chunk, in order; the last ``media.extracted`` is complete.

        Media that cannot be assessed give one complete ``media.extracted`` that says why.

        Raises:
            PoisonMessage: the item kills its decoder; its closing ``media.extracted`` has been yielded before.
            NotNow: a store is away; start again later.
        """
        if not self._asked(upload):
            yield [self._closing(upload, Problem(reason=Reason.POLICY_SKIPPED, detail=_NONE_ASKED))]
            return
        if upload.size_bytes > self._most_bytes:
            detail = f"The file has {upload.size_bytes} bytes (most: {self._most_bytes})."
            yield [self._closing(upload, Problem(reason=Reason.FILE_TOO_LARGE, detail=detail))]
            return
        with private_folder(self._scratch) as folder:
            copy = folder / "media"
            try:
                self._bucket.fetch(upload.key, copy, version=upload.version)
            except (ObjectMissing, ObjectChanged) as why:
                yield [self._closing(upload, _gone(why))]
                return
            if copy.stat().st_size != upload.size_bytes:
                raise NotNow(f"the store gave {copy.stat().st_size} of {upload.size_bytes} bytes")
            yield from self._extracted(upload, copy)

    def given_up(self, upload: MediaUploaded) -> list[Outgoing]:
        """The closing message about an item over which workers died, so that it gets a verdict that says so."""
        detail = "Every worker that looked at this file was lost over it."
        return [self._closing(upload, Problem(reason=Reason.DECODE_ERROR, detail=detail))]

    def _extracted(self, upload: MediaUploaded, copy: Path) -> Iterator[list[Outgoing]]:
        try:
            for chunk in extract(
                copy,
                media_id=upload.media_id,
                demands=self._asked(upload),
                locator=self._locator,
                rules=self._rules,
                on_count=_count,
            ):
                yield self._messages(upload, chunk)
        except DecoderKilled as why:
            _log.warning("decoder was killed", why=str(why))
            problem = Problem(reason=why.reason, detail=f"The decoder had to be stopped on this file: {why.detail}.")
            # Bytes that kill a decoder are evidence too: they can be told from others later.
            yield [self._closing(upload, problem, sha256=sha256_of(copy))]
            raise

    def _messages(self, upload: MediaUploaded, chunk: ExtractedChunk) -> list[Outgoing]:
        batches = self._batches(upload, chunk) if chunk.crops else []
        snapshot = chunk.snapshot
        extracted = MediaExtracted(
            media_id=upload.media_id,
            uploaded=upload,
            media=snapshot.media.model_copy(update={"source_key": upload.key, "size_bytes": upload.size_bytes}),
            complete=snapshot.complete,
            chunks=snapshot.chunks,
            expected=snapshot.expected,
            not_applicable={**self._not_asked(upload), **snapshot.not_applicable},
            problems=snapshot.problems,
            tracks=snapshot.tracks,
            quality=snapshot.quality,
        )
        return [*batches, Outgoing(MEDIA_EXTRACTED, extracted)]

    def _batches(self, upload: MediaUploaded, chunk: ExtractedChunk) -> list[Outgoing]:
        key = f"{_folder(upload.media_id)}/{chunk.chunk_index}.zip"
        bundle = issue(self._work, key, pack(chunk.crops))
        return [
            Outgoing(
                crops_for(detector),
                CropBatch(
                    media_id=upload.media_id,
                    detector=detector,
                    chunk_index=chunk.chunk_index,
                    bundle=bundle,
                    clips=clips,
                    lane=upload.lane,
                ),
            )
            for detector, clips in chunk.clips.items()
            if clips
        ]

    def _asked(self, upload: MediaUploaded) -> list[CropDemand]:
        chosen = upload.detectors
        return [demand for demand in self._demands if chosen is None or demand.detector in chosen]

    def _not_asked(self, upload: MediaUploaded) -> dict[str, Problem]:
        asked = {demand.detector for demand in self._asked(upload)}
        problem = Problem(reason=Reason.POLICY_SKIPPED, detail="It was not asked about this item.")
        return {demand.detector: problem for demand in self._demands if demand.detector not in asked}

    def _closing(self, upload: MediaUploaded, problem: Problem, *, sha256: str | None = None) -> Outgoing:
        """The one message about an item that was not looked at; ``sha256`` is that of its bytes where they came."""
        nothing = ExpectedClips(batches=0, clips=0)
        extracted = MediaExtracted(
            media_id=upload.media_id,
            uploaded=upload,
            media=MediaFacts(source_key=upload.key, size_bytes=upload.size_bytes, sha256=sha256),
            complete=True,
            chunks=0,
            expected={demand.detector: nothing for demand in self._demands},
            not_applicable=self._not_asked(upload),
            problems=(problem,),
        )
        return Outgoing(MEDIA_EXTRACTED, extracted)


def _count(name: MetricName, amount: int, labels: Mapping[str, str]) -> None:
    counter = metric(name)
    (counter.labels(**labels) if labels else counter).inc(amount)


def _marker(media_id: str) -> str:
    return f"{_folder(media_id)}/extracted.json"


def _folder(media_id: str) -> str:
    """Where everything lies that extraction leaves of an item."""
    return f"crops/{media_id}"


def _gone(why: ObjectMissing | ObjectChanged) -> Problem:
    if isinstance(why, ObjectChanged):
        detail = "The object was replaced before it was looked at; its newer version is judged by itself."
    else:
        detail = "The object was removed before it was looked at."
    return Problem(reason=Reason.POLICY_SKIPPED, detail=detail)
