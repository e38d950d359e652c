"""The face boxes of a frame in, the one face that wm looks at out."""

from collections.abc import Sequence

from contracts.clips import FaceBox
from detectors.systems.footage import Compat

_SAME_FACE = 0.4  # share of the common area, as in the suppression of the face finder's own project


def chosen_face(boxes: Sequence[FaceBox], *, compat: Compat = "corrected") -> FaceBox | None:
    """The largest box, ``None`` of none.

    The original takes it of all boxes, so that an oversized duplicate wins over the best box of the same face; here a
    box counts only where no surer one overlaps it.
    """
    candidates = boxes if compat == "original" else _surest(boxes)
    return max(candidates, key=_area, default=None)


def _surest(boxes: Sequence[FaceBox]) -> list[FaceBox]:
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda box: -box.confidence):
        if all(_overlap(box, other) <= _SAME_FACE for other in kept):
            kept.append(box)
    return kept


def _overlap(one: FaceBox, other: FaceBox) -> float:
    """Common area over joint area."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    common = max(width, 0.0) * max(height, 0.0)
    return common / (_area(one) + _area(other) - common)


def _area(box: FaceBox) -> float:
    return box.width_px * box.height_px
