"""A media file and the detectors' demands in; chunks of face crops, clips and growing facts out while it is decoded."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from contracts.clips import FaceCrop
from contracts.demands import CropDemand
from contracts.errors import MediaNotAssessable
from contracts.messages import ClipRef, ExpectedClips, MediaFacts, Problem, Quality, TrackFacts
from contracts.settings import ExtractSettings
from contracts.telemetry import MetricName
from contracts.vocabulary import MediaKind, Reason
from ingest.clip_cutter import ClipCutter, CutCrop, chunk_of, cut_crop
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall, StreamFacts
from ingest.decoding import ChildDecoder, Decoder, DecoderKilled, DecoderLimits
from ingest.face_locator import FaceLocator
from ingest.face_search import FaceSearch, LocatedFrame, SearchRules
from ingest.face_tracks import FaceTracks
from ingest.quality import QualityTally
from ingest.sampling import SamplingPlan
from ingest.sniffing import sniff

__all__ = ["DecoderKilled", "ExtractedChunk", "ExtractionRules", "ExtractionSnapshot", "extract", "sha256_of"]

log = structlog.get_logger()

Count = Callable[[MetricName, int, Mapping[str, str]], None]

_CHUNK_CROP_BYTES = 192 * 2**20
_PICTURE_SIDES = 2  # a picture is one frame: it is searched at twice the long side of a video's frames


@dataclass(frozen=True)
class ExtractionRules:
    """The part of the settings that extraction itself reads."""

    max_object_bytes: int = 8 * 2**30
    max_pixels: int = 120_000_000
    max_duration_s: float = 6 * 3600.0
    max_frames: int = 1_500_000
    max_streams: int = 100
    decoder: DecoderLimits = field(default_factory=DecoderLimits)
    chunk_frames: int = 64
    locate_long_side_px: int = 640
    locate_every: int = 4
    max_faces: int = 16

    @classmethod
    def of(cls, settings: ExtractSettings) -> "ExtractionRules":
        return cls(
            max_object_bytes=settings.max_object_bytes,
            max_pixels=settings.max_pixels,
            max_duration_s=settings.max_duration_s,
            max_frames=settings.max_frames,
            max_streams=settings.max_streams,
            decoder=DecoderLimits(
                memory_bytes=settings.decoder_memory_bytes,
                cpu_s=settings.decoder_cpu_s,
                stall_s=settings.decoder_stall_s,
                wall_s=settings.decoder_wall_s,
            ),
            chunk_frames=settings.chunk_frames,
            locate_long_side_px=settings.locate_long_side_px,
            locate_every=settings.locate_every,
            max_faces=settings.max_faces,
        )


@dataclass(frozen=True)
class ExtractionSnapshot:
    """What is known of the media item after a chunk; the ``complete`` one is the last."""

    media: MediaFacts
    complete: bool
    chunks: int
    expected: dict[str, ExpectedClips]
    not_applicable: dict[str, Problem]
    problems: tuple[Problem, ...]
    tracks: tuple[TrackFacts, ...]
    quality: Quality


@dataclass(frozen=True, eq=False)
class ExtractedChunk:
    """The crops of one stretch of a media item, and per detector the clips made of them (none: no entry)."""

    chunk_index: int
    crops: tuple[FaceCrop, ...]
    clips: dict[str, tuple[ClipRef, ...]]
    snapshot: ExtractionSnapshot


def _unseen(_frame: LocatedFrame) -> None:
    """Nobody looks on."""


def _uncounted(_name: MetricName, _amount: int, _labels: Mapping[str, str]) -> None:
    """Nobody reads the counts."""


def extract(
    path: Path,
    *,
    media_id: str,
    demands: Sequence[CropDemand],
    locator: FaceLocator,
    rules: ExtractionRules,
    decoder: Decoder | None = None,
    on_count: Count = _uncounted,
    on_located: Callable[[LocatedFrame], None] = _unseen,
) -> Iterator[ExtractedChunk]:
    """Decode the file once and yield a chunk per ``rules.chunk_frames`` sampled frames, holding no more than one.

    Media that cannot be assessed raises nothing: the one chunk's snapshot names the problem. The same file, demands
    and rules give the same chunks, clips and numbers. ``on_count`` is told what was done, by metric name;
    ``on_located`` sees every sampled frame with its faces before it is let go.

    Raises:
        DecoderKilled: the decoding child died or fell silent before the first chunk.
        OSError: the file cannot be read.
    """
    if not demands:
        raise ValueError("extraction needs at least one demand")
    work = _Extraction(demands, rules, _file_facts(path))
    with structlog.contextvars.bound_contextvars(media_id=media_id):
        try:
            located = _located(path, work, locator, decoder or ChildDecoder(rules.decoder), on_count)
            for frame in located:
                if work.is_chunk_full():
                    yield work.finish_chunk(complete=False)
                on_located(frame)
                on_count("telltale_frames_sampled_total", 1, {})
                on_count("telltale_crops_total", work.take(frame), {})
        except MediaNotAssessable as why:
            work.problems.append(Problem(reason=why.reason, detail=why.detail))
        except DecoderKilled as why:
            if not work.chunks:
                raise
            work.problems.append(Problem(reason=why.reason, detail=why.detail))
    last = work.finish_chunk(complete=True)
    for cutter in work.cutters:
        on_count("telltale_crops_dropped_total", cutter.crops_dropped, {"detector": cutter.demand.detector})
    yield last


def _located(
    path: Path, work: "_Extraction", locator: FaceLocator, decoder: Decoder, on_count: Count
) -> Iterator[LocatedFrame]:
    sniffed = sniff(path)
    work.facts = StreamFacts(kind=sniffed.kind, container=sniffed.container)
    rules = work.rules
    if work.file["size_bytes"] > rules.max_object_bytes:
        detail = f"{work.file['size_bytes']} bytes; at most {rules.max_object_bytes} are read"
        raise MediaNotAssessable(Reason.FILE_TOO_LARGE, detail)
    request = ReadingRequest(
        sniffed.container, work.plans, rules.max_pixels, rules.max_duration_s, rules.max_frames, rules.max_streams
    )
    sides = _PICTURE_SIDES if sniffed.kind == MediaKind.IMAGE else 1
    search = FaceSearch(
        locator,
        SearchRules(rules.locate_long_side_px * sides, rules.locate_every, rules.max_faces),
        count=lambda kind, amount: on_count("telltale_face_searches_total", amount, {"kind": kind}),
    )
    on_count("telltale_decoder_runs_total", 1, {})
    return search.located(_frames(path, work, decoder, request))


def _frames(path: Path, work: "_Extraction", decoder: Decoder, request: ReadingRequest) -> Iterator[SampledFrame]:
    """The sampled frames; facts and shortfalls are noted on the way."""
    for event in decoder.decode(path, request):
        if isinstance(event, SampledFrame):
            yield event
        elif isinstance(event, StreamFacts):
            work.facts = event
        elif isinstance(event, Shortfall):
            work.problems.append(Problem(reason=event.reason, detail=event.detail))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_facts(path: Path) -> dict:
    return {"sha256": sha256_of(path), "size_bytes": path.stat().st_size}


def _plan_of(demand: CropDemand) -> SamplingPlan:
    every_s = demand.clip_every_s
    return SamplingPlan(demand.frames_per_second, demand.min_frames, demand.clip_length if every_s else 0, every_s)


@dataclass
class _Extraction:
    """The state of one media item on its way: what has been seen, and the chunk that is being filled."""

    demands: Sequence[CropDemand]
    rules: ExtractionRules
    file: dict
    facts: StreamFacts = field(default_factory=lambda: StreamFacts(MediaKind.UNKNOWN, ""))
    problems: list[Problem] = field(default_factory=list)
    chunks: int = 0
    plans: tuple[SamplingPlan, ...] = ()
    cutters: tuple[ClipCutter, ...] = ()
    tracks: FaceTracks = field(default_factory=FaceTracks)
    tally: QualityTally = field(default_factory=QualityTally)
    crops: int = 0
    frames_in_chunk: int = 0
    crop_bytes_in_chunk: int = 0

    def __post_init__(self) -> None:
        wishes = [_plan_of(demand) for demand in self.demands]
        self.plans = tuple(dict.fromkeys(wishes))
        self.cutters = tuple(
            ClipCutter(demand, wish, self.plans.index(wish)) for demand, wish in zip(self.demands, wishes, strict=True)
        )

    def is_chunk_full(self) -> bool:
        """By what came in since the last chunk: crops that wait for the rest of their clip are not counted again."""
        return self.frames_in_chunk >= self.rules.chunk_frames or self.crop_bytes_in_chunk >= _CHUNK_CROP_BYTES

    def take(self, located: LocatedFrame) -> int:
        """Note a frame and cut its faces; how many crops were cut."""
        frame = located.frame
        self.frames_in_chunk += 1
        self.tally.note_frame(located)
        numbers = self.tracks.join(frame.pts_s, located.boxes, after_cut=located.after_cut)
        cut: list[CutCrop] = []
        for box, track_id in zip(located.boxes, numbers, strict=True):
            self.tally.note_face(track_id, box, frame.pts_s)
            wanting = [cutter for cutter in self._applicable() if cutter.wants(box, frame.samples)]
            if wanting:
                crop = cut_crop(frame, box, margin=self._margin(), track_id=track_id)
                self.tally.note_crop(crop)
                cut.append(CutCrop(crop, self.crops + len(cut)))
        self.crops += len(cut)
        self.crop_bytes_in_chunk += sum(one.crop.pixels.nbytes for one in cut)
        for cutter in self._applicable():
            cutter.take(frame.samples, cut)
        return len(cut)

    def _applicable(self) -> list[ClipCutter]:
        return [cutter for cutter in self.cutters if self.facts.kind in cutter.demand.kinds]

    def _margin(self) -> float:
        return max(demand.margin for demand in self.demands)

    def finish_chunk(self, *, complete: bool) -> ExtractedChunk:
        if complete:
            for cutter in self.cutters:
                cutter.finish()
        crops, clips = chunk_of(self.cutters)
        self.frames_in_chunk = self.crop_bytes_in_chunk = 0
        self.chunks += 1
        return ExtractedChunk(
            chunk_index=self.chunks - 1, crops=crops, clips=clips, snapshot=self._snapshot(complete=complete)
        )

    def _snapshot(self, *, complete: bool) -> ExtractionSnapshot:
        media = self._media()
        return ExtractionSnapshot(
            media=media,
            complete=complete,
            chunks=self.chunks,
            expected={cutter.demand.detector: cutter.expected for cutter in self.cutters},
            not_applicable=self._not_applicable(media.kind) if complete else {},
            problems=tuple(self._problems(complete=complete)),
            tracks=self.tally.tracks(),
            quality=self.tally.quality(media),
        )

    def _media(self) -> MediaFacts:
        told = {name: value for name, value in vars(self.facts).items() if value not in ("", None)}
        media = MediaFacts(**told, **self.file)
        if media.bit_rate is None and media.duration_s:
            media = media.model_copy(update={"bit_rate": round(self.file["size_bytes"] * 8 / media.duration_s)})
        return media

    def _not_applicable(self, kind: MediaKind) -> dict[str, Problem]:
        """Per detector without a clip the reason; a media item without a single frame is the same for all."""
        unread = self.problems[0] if self.problems and not self.tally.sampled_frames else None
        reasons = {
            cutter.demand.detector: unread or cutter.why_nothing(kind, self.tally.sampled_frames)
            for cutter in self.cutters
        }
        return {name: problem for name, problem in reasons.items() if problem is not None}

    def _problems(self, *, complete: bool) -> Iterator[Problem]:
        yield from self.problems
        tally = self.tally
        if tally.capped_frames:
            detail = f"up to {tally.most_faces} faces in one frame; the {self.rules.max_faces} largest were looked at"
            yield Problem(reason=Reason.TOO_MANY_FACES_CAPPED, detail=detail)
        if not complete or not tally.sampled_frames:
            return
        if not tally.face_frames:
            yield Problem(reason=Reason.NO_FACE, detail=f"no face in {tally.sampled_frames} sampled frames")
            return
        too_small = [p for p in self._not_applicable(self.facts.kind).values() if p.reason == Reason.FACE_TOO_SMALL]
        if len(too_small) == len(self.cutters):
            yield too_small[0]
