"""``telltale scan``: paths in; one verdict per file out, from the pipeline's own stages run in this process."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

import detectors as registry
from contracts.clips import FaceCrop
from contracts.errors import DetectorUnavailable, PoisonMessage
from contracts.messages import (
    ClaimCheck,
    CropBatch,
    DetectorScore,
    MediaExtracted,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Problem,
)
from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import DetectorStatus, Lifecycle, Reason
from ingest.extraction import ExtractedChunk, ExtractionRules, ExtractionSnapshot, extract
from ingest.face_locator import FaceLocator
from ingest.identity import media_id_of
from ingest.object_store import open_store
from stream_processors.judgement import judge, members_of
from stream_processors.scorer import Bundles, Scorer, unscored
from telltale.deployment import detectors_of
from telltale.detector_commands import weights_folder
from telltale.outcomes import Outcome, as_object, table_of
from telltale.paths import files_of
from telltale.terminal import err, out, say_json

SOURCE = "scan"
_NOT_STORED = ClaimCheck(key="not-stored", sha256="", size_bytes=0)


def run(paths: Sequence[str], *, as_json: bool, detectors: str | None, weights: Path | None, home: Path) -> None:
    """Print one verdict per file: JSON objects as they come, or a table at the end.

    Raises:
        CommandFailed: a path names nothing, or no detector has one of the names.
    """
    files = files_of(paths)
    settings = DetectSettings()
    scanner = Scanner(
        detectors_of(detectors).split(","),
        weights=weights or settings.weights or weights_folder(home),
        detect=settings,
        extract=ExtractSettings(),
    )
    outcomes = []
    for outcome in _scanned(scanner, files):
        if as_json:
            say_json(as_object(outcome))
        else:
            outcomes.append(outcome)
    if not as_json:
        out.print(table_of(outcomes))


def _scanned(scanner: "Scanner", files: Sequence[Path]) -> Iterator[Outcome]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("Scanning", total=len(files))
        for file in files:
            bars.update(task, description=escape(file.name))
            yield Outcome(path=str(file), news=scanner.judged(file))
            bars.advance(task)


class Scanner:
    """The stages of the pipeline in one process; the face locator and each detector are loaded once, when needed.

    Args:
        names: the detectors to ask, in this order.
        weights: folder of fetched weights.
    """

    def __init__(
        self, names: Sequence[str], *, weights: Path, detect: DetectSettings, extract: ExtractSettings
    ) -> None:
        self._names = tuple(names)
        self._weights = weights
        self._detect = detect
        self._extract = extract
        self._crops = ChunkInHand()

    def judged(self, file: Path) -> MediaVerdict:
        """The final verdict on one file; media that cannot be assessed get one too."""
        uploaded = uploaded_of(file)
        scores: list[DetectorScore] = []
        snapshot = _unreadable("It could not be read.")
        try:
            for chunk in self._chunks(file, uploaded.media_id):
                scores += self._scores_of(chunk, uploaded.media_id)
                snapshot = chunk.snapshot
        except (PoisonMessage, OSError) as why:  # what the pipeline sets aside is named in the verdict here
            snapshot = _unreadable(str(why))
        extracted = _message(snapshot, uploaded)
        return judge(extracted, scores, members=members_of(self._names), seq=1, lifecycle=Lifecycle.FINAL)

    def _chunks(self, file: Path, media_id: str) -> Iterator[ExtractedChunk]:
        demands = [registry.spec(name).demand for name in self._names]
        rules = ExtractionRules.of(self._extract)
        return extract(file, media_id=media_id, demands=demands, locator=self._locator, rules=rules)

    def _scores_of(self, chunk: ExtractedChunk, media_id: str) -> Iterator[DetectorScore]:
        self._crops.now = chunk.crops
        for name, clips in chunk.clips.items():
            if clips:
                batch = CropBatch(
                    media_id=media_id, detector=name, chunk_index=chunk.chunk_index, bundle=_NOT_STORED, clips=clips
                )
                # Nothing was stored, so no evidence may point at a bundle.
                yield self._answer(batch).model_copy(update={"bundle": None})

    def _answer(self, batch: CropBatch) -> DetectorScore:
        scorer = self._scorers[batch.detector]
        if isinstance(scorer, Scorer):
            return scorer.answer([batch])[0].score
        return unscored(batch, DetectorStatus.UNAVAILABLE, str(scorer), version=registry.spec(batch.detector).version)

    @cached_property
    def _locator(self) -> FaceLocator:
        from ingest.face_locators.mtcnn import MtcnnFaceLocator

        return MtcnnFaceLocator.load(torch_threads=self._extract.torch_threads)

    @cached_property
    def _scorers(self) -> dict[str, Scorer | DetectorUnavailable]:
        return {name: self._load(name) for name in self._names}

    def _load(self, name: str) -> Scorer | DetectorUnavailable:
        settings = self._detect
        try:
            detector = registry.create(
                name, weights=self._weights, device=settings.device, allow_untrained=settings.allow_untrained
            )
        except DetectorUnavailable as why:
            return why
        return Scorer(detector, self._crops, clips_per_pass=settings.micro_batch_clips)


class ChunkInHand(Bundles):
    """The crops of the chunk that was extracted last, whatever claim check is shown: nothing is stored."""

    def __init__(self) -> None:
        self.now: tuple[FaceCrop, ...] = ()

    def crops(self, check: ClaimCheck) -> tuple[FaceCrop, ...]:
        return self.now


def uploaded_of(file: Path) -> MediaUploaded:
    """The event that this file would be if its folder were the bucket, so that its id is the same there."""
    place = file.resolve()
    store = open_store(place.parent)
    found = store.stat(place.name)
    return MediaUploaded(
        media_id=media_id_of(store.bucket, found.key, found.version),
        bucket=store.bucket,
        key=found.key,
        version=found.version,
        size_bytes=found.size_bytes,
        source=SOURCE,
        uploaded_at=found.modified_at,
    )


def _message(snapshot: ExtractionSnapshot, uploaded: MediaUploaded) -> MediaExtracted:
    return MediaExtracted(
        media_id=uploaded.media_id,
        uploaded=uploaded,
        media=snapshot.media.model_copy(update={"source_key": uploaded.key}),
        complete=snapshot.complete,
        chunks=snapshot.chunks,
        expected=snapshot.expected,
        not_applicable=snapshot.not_applicable,
        problems=snapshot.problems,
        tracks=snapshot.tracks,
        quality=snapshot.quality,
    )


def _unreadable(why: str) -> ExtractionSnapshot:
    problem = Problem(reason=Reason.DECODE_ERROR, detail=why)
    return ExtractionSnapshot(
        media=MediaFacts(), complete=True, chunks=0, expected={}, not_applicable={}, problems=(problem,)
    )
