"""Pictures in, face boxes in their own pixels out: the interface, and the search on a shrunken copy."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from contracts.clips import FaceBox, Pixels


class FaceLocator(Protocol):
    """Finds faces; a picture's answer does not depend on the pictures beside it.

    ``least_confidence`` is what a face must have to be believed; networks differ in what they say of a plain face.
    """

    @property
    def least_confidence(self) -> float: ...

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        """For each picture (H x W x 3 uint8 RGB) its faces, the largest first, in the picture's own pixels.

        ``min_face_px`` spares the search for faces that are smaller; without it the locator's own limit holds.
        """
        ...

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        """For each picture the face that is about where the box beside it says, or nothing; much cheaper than a search.

        One picture may stand several times, beside different boxes.
        """
        ...


def shrunken(pixels: Pixels, long_side_px: int) -> Pixels:
    """The picture with its long side at most ``long_side_px``; never enlarged."""
    height, width = pixels.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def moved(box: FaceBox, *, by: tuple[float, float], scale: tuple[float, float] = (1.0, 1.0)) -> FaceBox:
    """The box times ``scale``, then shifted ``by`` (x, y), landmarks included."""
    (dx, dy), (sx, sy) = by, scale
    return replace(
        box,
        left=box.left * sx + dx,
        top=box.top * sy + dy,
        right=box.right * sx + dx,
        bottom=box.bottom * sy + dy,
        landmarks=tuple((x * sx + dx, y * sy + dy) for x, y in box.landmarks),
    )


def clipped(box: FaceBox, width_px: int, height_px: int) -> FaceBox | None:
    """The part of the box that lies in a picture of this size; nothing when none does."""
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(float(width_px), box.right), min(float(height_px), box.bottom)
    if right - left < 1 or bottom - top < 1:
        return None
    return replace(box, left=left, top=top, right=right, bottom=bottom)
