"""A frame and its face boxes in, pictures of 380 x 380 as the networks read them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from contracts.clips import FaceBox, Pixels
from detectors.systems.footage import Compat

Interpolation = Literal["none", "cubic", "area"]

INPUT_PX = 380
CAPACITY = 128
_MARGIN_PARTS = 3
_HOW = {"cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}


@dataclass(frozen=True, kw_only=True)
class Letterbox:
    """How a crop comes onto the square canvas: its new size in pixels and where its upper left corner lies."""

    height_px: int
    width_px: int
    top: int
    left: int
    interpolation: Interpolation


def halved(frame: Pixels) -> Pixels:
    """The picture that faces are looked for in: half as wide and high, whatever the size (bicubic, antialiased)."""
    height, width = frame.shape[:2]
    size = max(1, width // 2), max(1, height // 2)
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))


def doubled(box: FaceBox) -> tuple[int, int, int, int]:
    """A box of the halved picture as ``(left, top, right, bottom)`` of the frame, cut to whole pixels."""
    return int(box.left * 2), int(box.top * 2), int(box.right * 2), int(box.bottom * 2)


def with_thirds(edges: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A third of the box's width more on its left and right, a third of its height above and below; starts at 0."""
    left, top, right, bottom = edges
    more_x, more_y = (right - left) // _MARGIN_PARTS, (bottom - top) // _MARGIN_PARTS
    return max(left - more_x, 0), max(top - more_y, 0), right + more_x, bottom + more_y


def cut_out(frame: Pixels, edges: tuple[int, int, int, int]) -> Pixels | None:
    """The face with its thirds; what leaves the frame is cut off. ``None`` where nothing is left."""
    left, top, right, bottom = with_thirds(edges)
    crop = frame[top : max(bottom, 0), left : max(right, 0)]
    return crop if crop.size else None


def letterbox_of(height: int, width: int, *, size_px: int = INPUT_PX) -> Letterbox:
    """Where a crop of this size comes to lie on the canvas: its longer side fills it, the other is cut to whole pixels.

    A side that would vanish keeps one pixel.
    """
    scale = size_px / max(height, width)
    high, wide = (size_px, int(width * scale)) if height >= width else (int(height * scale), size_px)
    if scale == 1.0:
        high, wide = height, width
    high, wide = max(high, 1), max(wide, 1)
    how = "none" if scale == 1.0 else "cubic" if scale > 1.0 else "area"
    return Letterbox(
        height_px=high, width_px=wide, top=(size_px - high) // 2, left=(size_px - wide) // 2, interpolation=how
    )


def vanishes(crop: Pixels) -> bool:
    """Whether the shorter side would be cut to nothing on the canvas; the original failed on such a crop."""
    height, width = crop.shape[:2]
    return int(min(height, width) * (INPUT_PX / max(height, width))) == 0


def letterboxed(crop: Pixels, *, size_px: int = INPUT_PX) -> Pixels:
    """The crop in the middle of a black square canvas, as large as fits."""
    place = letterbox_of(*crop.shape[:2], size_px=size_px)
    if place.interpolation != "none":
        size = place.width_px, place.height_px
        crop = np.asarray(cv2.resize(crop, size, interpolation=_HOW[place.interpolation]), dtype=np.uint8)
    canvas = np.zeros((size_px, size_px, 3), dtype=np.uint8)
    canvas[place.top : place.top + place.height_px, place.left : place.left + place.width_px] = crop
    return canvas


def chosen(faces_per_frame: Sequence[int], *, compat: Compat = "corrected") -> list[tuple[int, int]]:
    """The faces that are scored, as (frame, face of that frame) in this order: 128 at most.

    In a crowd every frame gives its largest face first, then every frame its second, and so on. The original keeps the
    first 127 that come, so that early frames fill the places.
    """
    every = [(frame, face) for frame, count in enumerate(faces_per_frame) for face in range(count)]
    if compat == "original":
        return every[: CAPACITY - 1]
    return sorted(sorted(every, key=lambda place: (place[1], place[0]))[:CAPACITY])
