"""A face in a picture in, the square that a detector would see out, as a face finder would have laid it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.clips import FaceBox, FaceCrop, Pixels
from detectors.preprocessing import square_view


@dataclass(frozen=True, slots=True)
class Framing:
    """How a view is laid around the face box: margin, and shifts and stretch of the box in shares of its size."""

    margin: float
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: float = 1.0


def framed_view(pixels: Pixels, box: Sequence[float] | np.ndarray, framing: Framing, *, size_px: int) -> Pixels:
    """The square that a detector would see, were the box found as ``framing`` says."""
    left, top, right, bottom = (float(edge) for edge in box)
    size = max(right - left, bottom - top)
    middle_x = (left + right) / 2.0 + framing.shift[0] * size
    middle_y = (top + bottom) / 2.0 + framing.shift[1] * size
    half_x, half_y = (right - left) / 2.0 * framing.stretch, (bottom - top) / 2.0 * framing.stretch
    found = FaceBox(middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y, 1.0)
    return square_view(FaceCrop(pixels, found, 0, 0.0, 0), margin=framing.margin, size_px=size_px)
