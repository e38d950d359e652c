"""A frame and a face box in, the square picture of 224 x 224 that the network reads out."""

from dataclasses import dataclass

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.systems.footage import Compat

SIDE_PX = 224
_GROWTH = 1.3


@dataclass(frozen=True, slots=True)
class Square:
    """``side`` x ``side`` whole pixels at (``left``, ``top``); a ``side`` of 0 holds nothing."""

    left: int
    top: int
    side: int


def square_around(
    edges: tuple[float, float, float, float], width_px: int, height_px: int, *, compat: Compat = "corrected"
) -> Square:
    """The square around a face box (left, top, right, bottom), 1.3 times as long as the box's longer side.

    Where it would leave the frame on the right or below it is moved back inside, and shrinks only if the frame itself
    is smaller. In the published pipeline (``original``) it shrinks there, and the face is no longer in its middle.
    """
    left, top, right, bottom = (int(edge) for edge in edges)
    side = int(max(right - left, bottom - top) * _GROWTH)
    x = max((left + right) // 2 - side // 2, 0)
    y = max((top + bottom) // 2 - side // 2, 0)
    if compat == "original":
        return Square(x, y, min(side, width_px - x, height_px - y))
    side = min(side, width_px, height_px)
    return Square(min(x, width_px - side), min(y, height_px - side), side)


def face_view(frame: Pixels, square: Square) -> Pixels | None:
    """The square of a frame as ``224`` x ``224`` pixels, linear in between; ``None`` where the square holds nothing."""
    if square.side <= 0:
        return None
    crop = frame[square.top : square.top + square.side, square.left : square.left + square.side]
    return np.asarray(cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
