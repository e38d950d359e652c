"""A 1080p clip in; how long extraction takes against a full-size search of its frames, and how they agree out."""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

import detectors
from contracts.clips import FaceBox, Pixels
from contracts.demands import CropDemand
from contracts.settings import ExtractSettings
from ingest.extraction import ExtractionRules, extract
from ingest.face_locator import FaceLocator
from ingest.face_search import LocatedFrame
from ingest.face_tracks import overlap
from telltale.errors import CommandFailed
from telltale.terminal import out, say, say_json

FRAMES = 32
_SAME_OVERLAP = 0.5
_SELDOM = 1e-6  # frames per second: only the least number of frames counts
_USABLE_CONFIDENCE = 0.95  # below it the published cascade takes hair and hands for faces
_CLIP_S, _CLIP_RATE, _CLIP_SIZE = 8, 25, (1920, 1080)

Search = Callable[[Pixels], list[FaceBox]]
Boxes = dict[int, list[FaceBox]]


@dataclass(frozen=True)
class Agreement:
    """How many boxes of each side have a box of the other with intersection over union of at least 0.5."""

    baseline_boxes: int
    baseline_boxes_found: int
    our_boxes: int
    our_boxes_confirmed: int

    @property
    def share(self) -> float:
        """The smaller of both shares; 1 where there is nothing to compare."""
        found = self.baseline_boxes_found / self.baseline_boxes if self.baseline_boxes else 1.0
        confirmed = self.our_boxes_confirmed / self.our_boxes if self.our_boxes else 1.0
        return min(found, confirmed)


@dataclass(frozen=True)
class ExtractBench:
    """One comparison; ``usable`` counts only faces of which a detector can be given a crop."""

    video: str
    frames: int
    baseline_s: float
    ours_s: float
    baseline_cpu_s: float
    ours_cpu_s: float
    usable_px: int
    usable: Agreement
    every: Agreement

    @property
    def ratio(self) -> float:
        return self.baseline_s / self.ours_s

    @property
    def cpu_ratio(self) -> float:
        return self.baseline_cpu_s / self.ours_cpu_s


def run(paths: list[Path], *, as_json: bool) -> None:
    """Measure each video, or a clip that is made on the spot, and print what was found."""
    settings = ExtractSettings()
    say("loading the face locators")
    locator, search = _load(settings)
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        for video in paths or [_make_clip(Path(folder) / "astronaut-1080p.mp4")]:
            say(f"measuring {video.name}")
            bench = measure(video, locator=locator, baseline=search, rules=ExtractionRules.of(settings))
            say_json(_as_fields(bench)) if as_json else out.print(_as_text(bench), markup=False)


def measure(video: Path, *, locator: FaceLocator, baseline: Search, rules: ExtractionRules) -> ExtractBench:
    """Extract ``FRAMES`` frames of the video (decoding child, search, following, crops), then read and search the
    very same frames in full size.

    Both have done the same once before the clock runs, as in a worker that has been up for a while: the networks
    prepare themselves for every new size of picture.
    """
    usable_px = min(detectors.spec(name).demand.min_face_px for name in detectors.names())
    ours: Boxes = {}
    _extract(video, locator, rules, usable_px, ours)
    if not ours:
        raise CommandFailed(f"{video.name} holds no frames that could be compared")
    _search_full_size(video, baseline, sorted(ours)[:1], {})
    ours_s, ours_cpu_s = _timed(lambda: _extract(video, locator, rules, usable_px, ours))
    theirs: Boxes = {}
    baseline_s, baseline_cpu_s = _timed(lambda: _search_full_size(video, baseline, sorted(ours), theirs))
    return ExtractBench(
        video=video.name,
        frames=len(ours),
        baseline_s=baseline_s,
        ours_s=ours_s,
        baseline_cpu_s=baseline_cpu_s,
        ours_cpu_s=ours_cpu_s,
        usable_px=usable_px,
        usable=_agreement(theirs, ours, counts=lambda box: _is_usable(box, usable_px)),
        every=_agreement(theirs, ours, counts=lambda _box: True),
    )


def _load(settings: ExtractSettings) -> tuple[FaceLocator, Search]:
    from ingest.face_locators.mtcnn import MtcnnFaceLocator

    locator = MtcnnFaceLocator.load(torch_threads=settings.torch_threads)  # first: it tells torch how to wait
    import torch
    from facenet_pytorch import MTCNN

    network = MTCNN(keep_all=True)

    def search(picture: Pixels) -> list[FaceBox]:
        with torch.inference_mode():
            boxes, chances, *_ = network.detect(picture)
        found = [] if boxes is None else zip(boxes, chances, strict=True)
        return [FaceBox(*(float(edge) for edge in box), confidence=float(chance)) for box, chance in found]

    return locator, search


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and seconds of processor time with those of ended children."""
    started_s, used_s = time.perf_counter(), _cpu_s()
    work()
    return time.perf_counter() - started_s, _cpu_s() - used_s


def _cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _extract(video: Path, locator: FaceLocator, rules: ExtractionRules, usable_px: int, boxes: Boxes) -> None:
    demand = CropDemand(
        detector="bench", frames_per_second=_SELDOM, min_frames=FRAMES, margin=0.3, min_face_px=usable_px
    )

    def note(located: LocatedFrame) -> None:
        boxes[located.frame.frame_index] = list(located.boxes)

    chunks = extract(video, media_id="bench", demands=[demand], locator=locator, rules=rules, on_located=note)
    for _ in chunks:
        pass


def _search_full_size(video: Path, search: Search, wanted: Sequence[int], boxes: Boxes) -> None:
    reader = cv2.VideoCapture(str(video))
    try:
        for index in range(max(wanted) + 1):
            ok, picture = reader.read()
            if not ok:
                raise CommandFailed(f"OpenCV reads only {index} frames of {video.name}")
            if index in wanted:
                boxes[index] = search(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8))
    finally:
        reader.release()


def _is_usable(box: FaceBox, usable_px: int) -> bool:
    return box.height_px >= usable_px and box.confidence >= _USABLE_CONFIDENCE


def _agreement(theirs: Boxes, ours: Boxes, *, counts: Callable[[FaceBox], bool]) -> Agreement:
    """Which boxes count is asked of the box in question only; any box of the other side may confirm it."""
    return Agreement(
        baseline_boxes=sum(counts(box) for boxes in theirs.values() for box in boxes),
        baseline_boxes_found=sum(counts(box) and _is_in(box, ours[i]) for i in theirs for box in theirs[i]),
        our_boxes=sum(counts(box) for boxes in ours.values() for box in boxes),
        our_boxes_confirmed=sum(counts(box) and _is_in(box, theirs[i]) for i in ours for box in ours[i]),
    )


def _is_in(box: FaceBox, others: Sequence[FaceBox]) -> bool:
    return any(overlap(box, other) >= _SAME_OVERLAP for other in others)


def _make_clip(path: Path) -> Path:
    """Two copies of scikit-image's public-domain astronaut, one drifting and one coming nearer, in 1080p H.264."""
    import av

    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=_CLIP_RATE)
        stream.width, stream.height, stream.pix_fmt = *_CLIP_SIZE, "yuv420p"
        for picture in _clip_frames():
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def _clip_frames() -> Iterator[Pixels]:
    from skimage import data

    portrait = np.asarray(data.astronaut(), dtype=np.uint8)
    backdrop = cv2.GaussianBlur(cv2.resize(portrait, _CLIP_SIZE), (0, 0), 40)
    frames = _CLIP_S * _CLIP_RATE
    for number in range(frames):
        share = number / frames
        picture = np.array(backdrop, dtype=np.uint8)
        _paste(picture, portrait, left=100 + 500 * share, top=300 + 60 * np.sin(9 * share), scale=1.0)
        _paste(picture, portrait, left=1100, top=100, scale=0.8 + 0.7 * share)
        yield picture


def _paste(picture: Pixels, portrait: Pixels, *, left: float, top: float, scale: float) -> None:
    side = round(portrait.shape[0] * scale)
    y, x = round(top), round(left)
    inset = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    picture[y : y + side, x : x + side] = inset[: picture.shape[0] - y, : picture.shape[1] - x]


def _as_fields(bench: ExtractBench) -> dict[str, object]:
    return {
        **asdict(bench),
        "ratio": bench.ratio,
        "cpu_ratio": bench.cpu_ratio,
        "agreement": bench.usable.share,
        "agreement_every_box": bench.every.share,
    }


def _as_text(bench: ExtractBench) -> str:
    usable, every = bench.usable, bench.every
    return "\n".join(
        [
            f"{bench.video}: {bench.frames} frames",
            f"  OpenCV + MTCNN, full size   {bench.baseline_s:7.2f} s  ({bench.baseline_cpu_s:.2f} s of processor)",
            f"  telltale, crops included    {bench.ours_s:7.2f} s  ({bench.ours_cpu_s:.2f} s of processor)",
            f"  ratio                       {bench.ratio:7.1f} x  ({bench.cpu_ratio:.1f} x by processor)",
            f"  agreement of boxes          {usable.share:7.1%}    (faces from {bench.usable_px} px that are sure: "
            f"{usable.baseline_boxes_found} of {usable.baseline_boxes} found, "
            f"{usable.our_boxes_confirmed} of {usable.our_boxes} of ours confirmed)",
            f"  over every box              {every.share:7.1%}    ({every.baseline_boxes_found} of "
            f"{every.baseline_boxes} found, {every.our_boxes_confirmed} of {every.our_boxes} confirmed)",
        ]
    )
