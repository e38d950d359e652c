"""Face boxes of one frame after another in, a track number for each out; pure and without recognition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.clips import FaceBox

_MOST_DRIFT = 1.2  # of the mean box side, between two sampled frames
_MOST_GROWTH = 2.0
_BRIDGED_FRAMES = 2
_BRIDGED_S = 0.5


def overlap(one: FaceBox, other: FaceBox) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width_px * one.height_px + other.width_px * other.height_px - shared)


def match(before: Sequence[FaceBox], after: Sequence[FaceBox], *, slack: float = 1.0) -> list[tuple[int, int]]:
    """Pairs of positions that are likely one face: least distance first, each box once; ties go to the earlier.

    Two boxes can be a pair when their centres are less than ``slack`` times 1.2 box sides apart and neither is more
    than twice as large as the other.
    """
    costs = [
        (cost, i, j)
        for i, one in enumerate(before)
        for j, other in enumerate(after)
        if (cost := _distance(one, other)) < _MOST_DRIFT * slack
    ]
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(costs):
        if all(i != taken and j != got for taken, got in pairs):
            pairs.append((i, j))
    return pairs


def _distance(one: FaceBox, other: FaceBox) -> float:
    """Distance of the centres in mean box sides, less the overlap; infinite for sizes that do not fit."""
    sides = math.sqrt(one.width_px * one.height_px), math.sqrt(other.width_px * other.height_px)
    if max(sides) > _MOST_GROWTH * min(sides):
        return math.inf
    dx = (one.left + one.right - other.left - other.right) / 2
    dy = (one.top + one.bottom - other.top - other.bottom) / 2
    return math.hypot(dx, dy) / (sum(sides) / 2) - overlap(one, other)


@dataclass
class _OpenTrack:
    track_id: int
    box: FaceBox
    pts_s: float
    missed: int = 0

    def is_over(self, pts_s: float) -> bool:
        return self.missed > _BRIDGED_FRAMES and pts_s - self.pts_s > _BRIDGED_S


@dataclass
class FaceTracks:
    """Gives every box the number of its track; numbers count up in order of appearance, the largest face first.

    A face that is not seen for a short while keeps its number; a shot cut ends every track.
    """

    _open: list[_OpenTrack] = field(default_factory=list)
    _begun: int = 0

    def join(self, pts_s: float, boxes: Sequence[FaceBox], *, after_cut: bool = False) -> list[int]:
        """The track number of each box of the frame at ``pts_s``; frames come in order of time."""
        self._open = [] if after_cut else [track for track in self._open if not track.is_over(pts_s)]
        for track in self._open:
            track.missed += 1
        joined = {j: self._open[i] for i, j in match([track.box for track in self._open], boxes)}
        return [self._continue(joined.get(j), box, pts_s) for j, box in enumerate(boxes)]

    def _continue(self, track: _OpenTrack | None, box: FaceBox, pts_s: float) -> int:
        if track is None:
            track = _OpenTrack(self._begun, box, pts_s)
            self._begun += 1
            self._open.append(track)
        track.box, track.pts_s, track.missed = box, pts_s, 0
        return track.track_id
