"""Frames, face boxes and demands in; native-resolution crops and the clips that each detector gets out; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.clips import FaceBox, FaceCrop
from contracts.demands import CropDemand
from contracts.messages import ClipRef, ExpectedClips, Problem
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import SampledFrame
from ingest.face_locator import clipped, moved


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
    return FaceCrop(pixels, inside, track_id, frame.pts_s, frame.frame_index)


@dataclass(frozen=True, eq=False)
class CutCrop:
    """A crop and which sampling rates its frame was taken for."""

    crop: FaceCrop
    wanted_by: tuple[int, ...]


@dataclass
class ClipCutter:
    """Makes the clips of one detector, chunk by chunk; clip numbers run through the whole media item."""

    demand: CropDemand
    rate_position: int
    clips: int = 0
    batches: int = 0
    faces: int = 0
    largest_face_px: float = 0.0

    def wants(self, box: FaceBox, wanted_by: Sequence[int]) -> bool:
        """Whether this face is of use; every face that was sampled for this detector is noted on the way."""
        if self.rate_position not in wanted_by:
            return False
        self.faces += 1
        self.largest_face_px = max(self.largest_face_px, box.height_px)
        return box.height_px >= self.demand.min_face_px

    def cut(self, crops: Sequence[CutCrop]) -> tuple[ClipRef, ...]:
        """The clips of one chunk: crops of one track in the order of time, grouped by the demand's clip length.

        A group that a chunk cannot fill is dropped.
        """
        length = self.demand.clip_length
        positions = [p for track in self._usable_by_track(crops) for p in _groups(track, length)]
        positions.sort(key=lambda group: (crops[group[0]].crop.pts_s, crops[group[0]].crop.track_id))
        refs = tuple(_clip_ref(self.clips + n, group, crops) for n, group in enumerate(positions))
        self.clips += len(refs)
        self.batches += 1 if refs else 0
        return refs

    def _usable_by_track(self, crops: Sequence[CutCrop]) -> list[list[int]]:
        tracks: dict[int, list[int]] = {}
        for position, cut in enumerate(crops):
            if self.rate_position in cut.wanted_by and cut.crop.box.height_px >= self.demand.min_face_px:
                tracks.setdefault(cut.crop.track_id, []).append(position)
        return list(tracks.values())

    @property
    def expected(self) -> ExpectedClips:
        """What this detector has been given so far."""
        return ExpectedClips(batches=self.batches, clips=self.clips)

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
        detail = f"no face in {self.demand.clip_length} sampled frames one after another, as this detector needs"
        return Problem(reason=Reason.TOO_FEW_FACE_FRAMES, detail=detail)


def _frames(count: int) -> str:
    return "1 sampled frame" if count == 1 else f"{count} sampled frames"


def _groups(track: Sequence[int], length: int) -> list[Sequence[int]]:
    return [track[i : i + length] for i in range(0, len(track) - length + 1, length)]


def _clip_ref(clip_index: int, group: Sequence[int], crops: Sequence[CutCrop]) -> ClipRef:
    first, last = crops[group[0]].crop, crops[group[-1]].crop
    return ClipRef(
        clip_index=clip_index, track_id=first.track_id, crops=tuple(group), start_s=first.pts_s, end_s=last.pts_s
    )
