"""Native face crops in, the square pictures of one size that networks read out; every step is tested by numbers."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, FaceCrop, Pixels

Floats = NDArray[np.float32]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def square_view(crop: FaceCrop, *, margin: float, size_px: int, shift_down: float = 0.0) -> Pixels:
    """The face of a crop as ``size_px`` x ``size_px`` x 3 uint8 RGB.

    The square has the longer side of the face box plus ``margin`` of it on each side, and the box in its middle;
    ``shift_down`` moves it by that share of the longer side. Where it leaves the crop, the outermost pixels repeat.
    """
    left, top, side = square_around(crop.box, margin=margin, shift_down=shift_down)
    return resized(cut(crop.pixels, left, top, side), size_px)


def square_around(box: FaceBox, *, margin: float, shift_down: float = 0.0) -> tuple[int, int, int]:
    """Whole-pixel ``(left, top, side)`` of the square around a face box, as :func:`square_view` cuts it."""
    longer = max(box.width_px, box.height_px)
    side = max(1, round(longer * (1.0 + 2.0 * margin)))
    middle_x = (box.left + box.right) / 2.0
    middle_y = (box.top + box.bottom) / 2.0 + shift_down * longer
    return round(middle_x - side / 2.0), round(middle_y - side / 2.0), side


def cut(pixels: Pixels, left: int, top: int, side: int) -> Pixels:
    """The square of ``side`` pixels at ``(left, top)``; places outside ``pixels`` get the nearest pixel inside."""
    height, width = pixels.shape[:2]
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        return np.ascontiguousarray(pixels[top : top + side, left : left + side])
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    return np.ascontiguousarray(pixels[rows[:, None], columns[None, :]])


def resized(pixels: Pixels, size_px: int) -> Pixels:
    """``pixels`` as a square of ``size_px``: averaged over areas when it shrinks, linear in between when it grows."""
    if pixels.shape[:2] == (size_px, size_px):
        return pixels
    shrinks = pixels.shape[0] > size_px or pixels.shape[1] > size_px
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (size_px, size_px), interpolation=how), dtype=np.uint8)


def batch_of(views: Sequence[Pixels], *, mean: Sequence[float], std: Sequence[float]) -> Floats:
    """``n`` x 3 x side x side float32 of equally large RGB pictures: ``(pixel / 255 - mean) / std`` per colour.

    In memory the colours of a pixel stay side by side (torch's ``channels_last``), as they are in the pictures:
    convolutions on the processor are about three times as fast that way.
    """
    scale = 1.0 / (255.0 * np.asarray(std))
    shift = -np.asarray(mean) / np.asarray(std)
    batch = np.stack(views).astype(np.float32)
    batch *= scale.astype(np.float32)
    batch += shift.astype(np.float32)
    return batch.transpose(0, 3, 1, 2)
