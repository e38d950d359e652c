"""The boxes of one tube and the pixels that there are around them in, one square of one size for each box out."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.systems.eighteen.members import VIEW_SIZES_PX
from detectors.systems.eighteen.tracking import Box

Views = dict[int, Pixels]

_GROWTH = 1.3
_LEAST_SIDE_PX = 2


@dataclass(frozen=True, slots=True)
class Square:
    """``side`` x ``side`` pixels at (``left``, ``top``)."""

    left: int
    top: int
    side: int


def squares_around(boxes: Sequence[Box], areas: Sequence[Box]) -> list[Square]:
    """A square for each box, all of one even side: 1.3 times the longest side of the largest box.

    ``areas`` says for each box where there are pixels (``right`` and ``bottom`` exclusive): the frame, or the part of
    it that was kept. A box near an edge asks for no more than reaches the opposite edge, and squares are moved back
    inside; one that is larger than its area covers it whole.
    """
    asked = max(_asked_side(box, area) for box, area in zip(boxes, areas, strict=True))
    room = max(min(area.right - area.left, area.bottom - area.top) for area in areas)
    side = max(_LEAST_SIDE_PX, min(asked // 2 * 2, room))
    return [_square(box, area, side) for box, area in zip(boxes, areas, strict=True)]


def _asked_side(box: Box, area: Box) -> int:
    side = int(_GROWTH * max(box.right - box.left, box.bottom - box.top))
    x, y = _middle(box)
    left, top = max(x - side // 2, area.left), max(y - side // 2, area.top)
    return min(side, area.right - left, area.bottom - top)


def _square(box: Box, area: Box, side: int) -> Square:
    x, y = _middle(box)
    left = _inside(x - side // 2, area.left, area.right - side)
    return Square(left, _inside(y - side // 2, area.top, area.bottom - side), side)


def _middle(box: Box) -> tuple[int, int]:
    return (box.left + box.right) // 2, (box.top + box.bottom) // 2


def _inside(value: int, first: int, last: int) -> int:
    return min(max(value, min(first, last)), max(first, last))


def views_of(square: Pixels) -> Views:
    """A square picture at each size that a member sees, linear in between, whether it grows or shrinks."""
    return {size_px: _resized(square, size_px) for size_px in VIEW_SIZES_PX}


def _resized(square: Pixels, size_px: int) -> Pixels:
    scaled = cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(scaled, dtype=np.uint8)
