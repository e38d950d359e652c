"""Frames, face boxes and demands in; native-resolution crops and the clips that each detector gets out; pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from contracts.clips import FaceBox, FaceCrop
from contracts.demands import CropDemand
from contracts.messages import ClipRef, ExpectedClips, Problem
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import SampledFrame
from ingest.face_locator import clipped, moved
from ingest.sampling import SamplingPlan

_MOST_OPEN_BYTES = 384 * 2**20


def cut_crop(frame: SampledFrame, box: FaceBox, *, margin: float, track_id: int) -> FaceCrop:
    """The face with ``margin`` times its longer side around it, as far as the picture goes; never resampled."""
    height, width = frame.pixels.shape[:2]
    around_px = margin * max(box.width_px, box.height_px)
    left, top = max(0, math.floor(box.left - around_px)), max(0, math.floor(box.top - around_px))
    right, bottom = min(width, math.ceil(box.right + around_px)), min(height, math.ceil(box.bottom + around_px))
    pixels = np.ascontiguousarray(frame.pixels[top:bottom, left:right])
    inside = clipped(moved(box, by=(-left, -top)), right - left, bottom - top)
    if inside is None:
        raise ValueError(f"the face {box} lies outside a picture of {width} x {height}")
    return FaceCrop(pixels, inside, track_id, frame.pts_s, frame.frame_index, origin=(left, top))


@dataclass(frozen=True, eq=False)
class CutCrop:
    """A crop and its number among all crops of the media item."""

    crop: FaceCrop
    number: int


@dataclass
class ClipCutter:
    """Makes the clips of one detector, frame by frame; what it makes does not depend on where chunks end.

    A clip is crops of one face track from samples that follow each other on the plan; it is full at the demand's clip
    length. A run that ends before (the face is gone or too small, a burst or the media is over) is a clip when it has
    the demand's shortest length, and is dropped when it has not. Clips are numbered in the order in which they end,
    through the whole media item.

    ``plan_position`` is that of ``plan`` among those that frames are sampled for; ``most_open_bytes`` bounds the
    pixels of unfinished clips: beyond it the largest one ends early.
    """

    demand: CropDemand
    plan: SamplingPlan
    plan_position: int
    most_open_bytes: int = _MOST_OPEN_BYTES
    sampled_frames: int = 0
    clips: int = 0
    batches: int = 0
    faces: int = 0
    crops_dropped: int = 0
    longest_run: int = 0
    largest_face_px: float = 0.0
    _open: dict[int, list[CutCrop]] = field(default_factory=dict, init=False)
    _made: list[Sequence[CutCrop]] = field(default_factory=list, init=False)
    _last_number: int = field(default=-1, init=False)

    def wants(self, box: FaceBox, samples: Mapping[int, int]) -> bool:
        """Whether this face is of use; every face that was sampled for this detector is noted on the way."""
        if self.plan_position not in samples:
            return False
        self.faces += 1
        self.largest_face_px = max(self.largest_face_px, box.height_px)
        return self._is_large_enough(box)

    def take(self, samples: Mapping[int, int], crops: Sequence[CutCrop]) -> None:
        """Note a frame with its crops, which may be none; frames come in the order of time."""
        number = samples.get(self.plan_position)
        if number is None:
            return
        self.sampled_frames += 1
        here = {cut.crop.track_id: cut for cut in crops if self._is_large_enough(cut.crop.box)}
        is_next = number == self._last_number + 1
        self._end([track for track in self._open if not is_next or track not in here])
        self._last_number = number
        for track in sorted(here):
            self._add(track, here[track])
        if self.plan.ends_burst(number):
            self._end(self._open)
        while self._open_bytes() > self.most_open_bytes:
            self._end([max(self._open, key=lambda track: (_bytes(self._open[track]), -track))])

    def finish(self) -> None:
        """The media item is over."""
        self._end(self._open)

    def hand_over(self) -> list[Sequence[CutCrop]]:
        """The clips that have ended since the last call."""
        made, self._made = self._made, []
        self.batches += 1 if made else 0
        self.clips += len(made)
        return made

    def _add(self, track: int, cut: CutCrop) -> None:
        run = self._open.setdefault(track, [])
        run.append(cut)
        self.longest_run = max(self.longest_run, len(run))
        if len(run) == self.demand.clip_length:
            self._end([track])

    def _end(self, tracks: Iterable[int]) -> None:
        for track in sorted(tracks):
            run = self._open.pop(track)
            if len(run) >= self.demand.least_crops:
                self._made.append(run)
            else:
                self.crops_dropped += len(run)

    def _is_large_enough(self, box: FaceBox) -> bool:
        return box.height_px >= self.demand.min_face_px

    def _open_bytes(self) -> int:
        return sum(map(_bytes, self._open.values()))

    @property
    def expected(self) -> ExpectedClips:
        """What this detector has been given so far."""
        return ExpectedClips(batches=self.batches, clips=self.clips, sampled_frames=self.sampled_frames)

    def why_nothing(self, kind: MediaKind, searched_frames: int) -> Problem | None:
        """Why this detector got no clip of a media item that has been read to its end; nothing when it got some."""
        if self.clips:
            return None
        if kind not in self.demand.kinds:
            kinds = " and ".join(f"{kind}s" for kind in self.demand.kinds)
            return Problem(reason=Reason.POLICY_SKIPPED, detail=f"this detector looks at {kinds} only")
        if not self.faces:
            return Problem(reason=Reason.NO_FACE, detail=f"no face in {_frames(searched_frames)}")
        if self.largest_face_px < self.demand.min_face_px:
            detail = f"largest face {self.largest_face_px:.0f} px high, needed {self.demand.min_face_px}"
            return Problem(reason=Reason.FACE_TOO_SMALL, detail=detail)
        needed, longest = self.demand.least_crops, _frames(self.longest_run)
        detail = f"no face in {needed} sampled frames one after another, as this detector needs; {longest} at most"
        return Problem(reason=Reason.TOO_FEW_FACE_FRAMES, detail=detail)


def _frames(count: int) -> str:
    return "1 sampled frame" if count == 1 else f"{count} sampled frames"


def _bytes(run: Sequence[CutCrop]) -> int:
    return sum(cut.crop.pixels.nbytes for cut in run)


def chunk_of(cutters: Sequence[ClipCutter]) -> tuple[tuple[FaceCrop, ...], dict[str, tuple[ClipRef, ...]]]:
    """The clips that have ended since the last chunk, per detector that has any, and the crops that they need.

    Crops of clips that are not full yet are kept for a later chunk.
    """
    first = {cutter.demand.detector: cutter.clips for cutter in cutters}
    made = {cutter.demand.detector: cutter.hand_over() for cutter in cutters}
    needed = {cut.number: cut.crop for runs in made.values() for run in runs for cut in run}
    positions = {number: position for position, number in enumerate(sorted(needed))}
    clips = {
        name: tuple(_clip_ref(first[name] + n, run, positions) for n, run in enumerate(runs))
        for name, runs in made.items()
        if runs
    }
    return tuple(needed[number] for number in positions), clips


def _clip_ref(clip_index: int, run: Sequence[CutCrop], positions: Mapping[int, int]) -> ClipRef:
    first, last = run[0].crop, run[-1].crop
    return ClipRef(
        clip_index=clip_index,
        track_id=first.track_id,
        crops=tuple(positions[cut.number] for cut in run),
        start_s=first.pts_s,
        end_s=last.pts_s,
    )
