"""The face boxes of every third kept frame in, face tracks with a box for every kept frame out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox
from detectors.systems.footage import Compat
from detectors.systems.ntech.sampling import DETECTION_PERIOD

Edges = NDArray[np.float32]

# In single precision, as the boxes and scores of the face finder are.
_LEAST_CONFIDENCE = np.float32(0.3)
_LEAST_OVERLAP = np.float32(0.3)
_LEAST_BEST_CONFIDENCE = np.float32(0.9)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a track must be to count, and how many looks in a row it may be missed in; both in looked-at frames."""

    least_boxes: int
    most_missed: int


# The published tracker gives a face up at the first miss and wants seven boxes, 19 kept frames. Three boxes are seven
# kept frames, enough for one sequence, so that short videos get a score.
PATIENCE = {
    "original": Patience(least_boxes=7, most_missed=0),
    "corrected": Patience(least_boxes=3, most_missed=1),
}


@dataclass(frozen=True, eq=False)
class Track:
    """A face in the kept frames from ``first_frame`` on: ``edges`` n x 4 float32 (left, top, right, bottom)."""

    first_frame: int
    edges: Edges

    def __len__(self) -> int:
        return len(self.edges)


@dataclass
class _Growing:
    looks: list[int] = field(default_factory=list)
    boxes: list[FaceBox] = field(default_factory=list)

    def take(self, look: int, box: FaceBox) -> None:
        self.looks.append(look)
        self.boxes.append(box)

    def counts(self, patience: Patience) -> bool:
        best = np.float32(max(box.confidence for box in self.boxes))
        return bool(best >= _LEAST_BEST_CONFIDENCE) and len(self.boxes) >= patience.least_boxes


def tracks_of(looks: Sequence[Sequence[FaceBox]], *, compat: Compat = "corrected") -> list[Track]:
    """All tracks, in the order of their ends and then of their beginnings.

    ``looks`` are the boxes of kept frames 0, 3, 6, ... In each the tracks, the oldest first, take the box that overlaps
    their last one most, if by 0.3 or more (intersection over union); what is left begins new tracks. A track counts
    when one of its boxes has a confidence of 0.9 and it has boxes enough (:data:`PATIENCE`).
    Source of the rule: Bochinski et al. 2017, "High-speed tracking-by-detection without using image information".
    """
    patience = PATIENCE[compat]
    ended: list[_Growing] = []
    growing: list[_Growing] = []
    for look, found in enumerate(looks):
        boxes = [box for box in found if np.float32(box.confidence) >= _LEAST_CONFIDENCE]
        for track in growing:
            _extend(track, look, boxes)
        ended += [track for track in growing if look - track.looks[-1] > patience.most_missed]
        growing = [track for track in growing if look - track.looks[-1] <= patience.most_missed]
        growing += [_Growing([look], [box]) for box in boxes]
    return [_at_every_frame(track) for track in ended + growing if track.counts(patience)]


def _extend(track: _Growing, look: int, boxes: list[FaceBox]) -> None:
    """Let a track take the best box out of ``boxes``, if one is good enough."""
    if not boxes:
        return
    overlaps = overlaps_with(track.boxes[-1], boxes)
    best = int(overlaps.argmax())
    if overlaps[best] >= _LEAST_OVERLAP:
        track.take(look, boxes.pop(best))


def overlaps_with(one: FaceBox, others: Sequence[FaceBox]) -> NDArray[np.float32]:
    """Intersection over union of a box with each of the others."""
    mine, theirs = edges_of([one]), edges_of(others)
    near, far = np.maximum(mine[:, :2], theirs[:, :2]), np.minimum(mine[:, 2:], theirs[:, 2:])
    both = np.maximum(far - near, 0).prod(axis=1)
    return both / (_areas(mine) + _areas(theirs) - both)


def _areas(edges: Edges) -> NDArray[np.float32]:
    return (edges[:, 2:] - edges[:, :2]).prod(axis=1)


def edges_of(boxes: Sequence[FaceBox]) -> Edges:
    """The edges of boxes as n x 4 float32: left, top, right, bottom."""
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], dtype=np.float32).reshape(-1, 4)


def _at_every_frame(track: _Growing) -> Track:
    """The boxes of a track at every kept frame, on straight lines between those that were found."""
    found = np.array(track.looks) * DETECTION_PERIOD
    frames = np.arange(found[0], found[-1] + 1)
    lines = [np.interp(frames, found, column) for column in edges_of(track.boxes).T]
    return Track(int(found[0]), np.stack(lines, axis=1).astype(np.float32))
