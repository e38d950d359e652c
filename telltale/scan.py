"""``telltale scan``: paths in; one verdict per file out, from the pipeline's own stages run in this process."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

import detectors as registry
from contracts.clips import FaceBox, Pixels
from contracts.errors import PoisonMessage
from contracts.messages import (
    CropBatch,
    DetectorScore,
    MediaExtracted,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Problem,
)
from contracts.settings import AggregateSettings, DetectSettings, ExtractSettings
from contracts.vocabulary import Lifecycle, Reason
from ingest.extraction import ExtractionRules
from ingest.face_locator import FaceLocator
from ingest.identity import media_id_of
from ingest.object_store import open_store
from ingest.object_stores.folder import FolderStore
from stream_processors.extractor import Extractor
from stream_processors.judgement import Policy, judge, members_of
from stream_processors.rechecking import recheck_of
from stream_processors.scorer import Bundles
from telltale.deployment import detectors_of
from telltale.detector_commands import weights_folder
from telltale.outcomes import Outcome, as_object, table_of
from telltale.paths import files_of
from telltale.scan_detectors import ScanDetectors, fit_together, loader
from telltale.terminal import err, out, say_json

SOURCE = "scan"
_MOST_WAITING_BYTES = 2 * 2**30  # on disk, until the detectors are loaded one after another


def run(
    paths: Sequence[str],
    *,
    as_json: bool,
    detectors: str | None,
    weights: Path | None,
    home: Path,
    random_weights: bool = False,
    one_at_a_time: bool | None = None,
) -> None:
    """Print one verdict per file: JSON objects as they come, or a table at the end.

    ``one_at_a_time``: let go of each detector before the next one is loaded; by default where memory is short.

    Raises:
        CommandFailed: a path names nothing, or no detector has one of the names.
    """
    files = files_of(paths)
    given = DetectSettings()
    settings = given.model_copy(update={"allow_untrained": given.allow_untrained or random_weights})
    weights = weights or settings.weights or weights_folder(home)
    names = detectors_of(detectors).split(",")
    outcomes = []
    one_by_one = is_memory_short(names, weights, settings) if one_at_a_time is None else one_at_a_time
    with Scanner(
        names, weights=weights, detect=settings, extract=ExtractSettings(), one_at_a_time=one_by_one
    ) as scanner:
        for outcome in _scanned(scanner, files):
            if as_json:
                say_json(as_object(outcome))
            else:
                outcomes.append(outcome)
    if not as_json:
        out.print(table_of(outcomes))


def is_memory_short(names: Sequence[str], weights: Path, settings: DetectSettings) -> bool:
    """Whether the detectors that can run take more memory together than they should."""
    running = [n for n in names if settings.allow_untrained or registry.availability(n, weights).available]
    return not fit_together(running)


def _scanned(scanner: "Scanner", files: Sequence[Path]) -> Iterator[Outcome]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("Scanning", total=len(files))
        for file in files:
            bars.update(task, description=escape(file.name))

            def tell(detector: str, name: str = file.name) -> None:
                bars.update(task, description=escape(f"{name}: {detector}"))

            yield Outcome(path=str(file), news=scanner.judged(file, tell=tell))
            bars.advance(task)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the stages found in one file, before it is judged."""

    extracted: MediaExtracted
    scores: tuple[DetectorScore, ...]


class Scanner:
    """The stages of the pipeline in one process; the face locator and each detector are loaded when needed.

    Args:
        names: the detectors to ask, in this order.
        weights: folder of fetched weights.
        one_at_a_time: let go of each detector before the next one is loaded.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        weights: Path,
        detect: DetectSettings,
        extract: ExtractSettings,
        one_at_a_time: bool = False,
    ) -> None:
        self._names = tuple(names)
        self._weights = weights
        self._detect = detect
        self._extract = extract
        self._one_at_a_time = one_at_a_time
        self._until_closed = ExitStack()

    def __enter__(self) -> "Scanner":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._until_closed.close()

    def judged(self, file: Path, *, tell: Callable[[str], None] = lambda _detector: None) -> MediaVerdict:
        """The final verdict on one file; media that cannot be assessed get one too.

        ``tell`` hears which detector is at work.
        """
        found = self.findings(file, tell=tell)
        members = members_of(self._names, self._weights)
        policy = Policy.of(AggregateSettings())
        return judge(found.extracted, found.scores, members=members, policy=policy, seq=1, lifecycle=Lifecycle.FINAL)

    def findings(self, file: Path, *, tell: Callable[[str], None] = lambda _detector: None) -> Findings:
        """What is extracted from one file and every detector's answers; ``tell`` hears which one is at work."""
        place = file.resolve()
        uploaded = uploaded_of(place)
        extracted = _unreadable(uploaded, "It holds nothing that could be read.")
        waiting: list[CropBatch] = []
        scores: list[DetectorScore] = []
        try:
            for message in self._messages(uploaded, InPlace(place.parent)):
                if isinstance(message, MediaExtracted):
                    extracted = message
                    continue
                if waiting and self._is_enough(waiting, message):
                    scores += self._answers(waiting, tell)
                    waiting = []
                waiting.append(message)
        except PoisonMessage:
            pass  # the pipeline sets the message aside as well; the verdict is in what came before
        except OSError as why:
            extracted = _unreadable(uploaded, f"It could not be read: {why.strerror or type(why).__name__}.")
        scores += self._answers(waiting, tell)
        return Findings(extracted=extracted, scores=tuple(scores))

    def faces(self, pixels: Pixels) -> list[FaceBox]:
        """The faces of one picture (H x W x 3 uint8 RGB), as a scan finds them; the largest first."""
        return self._locator.locate([pixels])[0]

    def _messages(self, uploaded: MediaUploaded, folder: FolderStore) -> Iterator[CropBatch | MediaExtracted]:
        extractor = Extractor(
            bucket=folder,
            work=self._work,
            demands=[registry.spec(name).demand for name in self._names],
            locator=self._locator,
            rules=ExtractionRules.of(self._extract),
            scratch=self._scratch,
            most_bytes=self._extract.max_object_bytes,
        )
        for chunk in extractor.chunks(uploaded):
            messages = [outgoing.message for outgoing in chunk]
            yield from (message for message in messages if isinstance(message, CropBatch | MediaExtracted))

    def _is_enough(self, waiting: Sequence[CropBatch], after: CropBatch) -> bool:
        """Whether the detectors are to work now: after each chunk, or where each is loaded anew, after many."""
        sizes = {batch.bundle.key: batch.bundle.size_bytes for batch in waiting}
        if after.bundle.key in sizes:
            return False
        return not self._one_at_a_time or sum(sizes.values()) >= _MOST_WAITING_BYTES

    def _answers(self, batches: Sequence[CropBatch], tell: Callable[[str], None]) -> list[DetectorScore]:
        scores = self._detectors.answers(batches, tell=tell)
        for key in {batch.bundle.key for batch in batches}:
            self._work.delete(key)
        # The bundles are gone when the verdict is read, so no evidence may point at them.
        return [score.model_copy(update={"bundle": None}) for score in scores]

    @cached_property
    def _scratch(self) -> Path:
        return Path(self._until_closed.enter_context(tempfile.TemporaryDirectory(prefix="telltale-scan-")))

    @cached_property
    def _work(self) -> FolderStore:
        return FolderStore.make(self._scratch / "work")

    @cached_property
    def _locator(self) -> FaceLocator:
        from stream_processors.face_locators import locator_of

        return locator_of(self._extract, weights=self._weights)

    @cached_property
    def _detectors(self) -> ScanDetectors:
        return ScanDetectors(
            loader(self._weights, self._detect),
            Bundles(self._work),
            clips_per_pass=self._detect.micro_batch_clips,
            one_at_a_time=self._one_at_a_time,
            recheck=lambda name: recheck_of(name, self._detect.reencode_clips, self._weights),
        )


@dataclass(frozen=True)
class InPlace(FolderStore):
    """A folder whose files are linked to instead of copied: a scan reads them where they lie."""

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        to.symlink_to(self.path_of(key))


def uploaded_of(place: Path) -> MediaUploaded:
    """The event that a file would be if its folder were the bucket, so that its media id is the same there."""
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


def _unreadable(uploaded: MediaUploaded, why: str) -> MediaExtracted:
    return MediaExtracted(
        media_id=uploaded.media_id,
        uploaded=uploaded,
        media=MediaFacts(source_key=uploaded.key, size_bytes=uploaded.size_bytes),
        complete=True,
        chunks=0,
        expected={},
        problems=(Problem(reason=Reason.DECODE_ERROR, detail=why),),
    )
