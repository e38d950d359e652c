"""A frame and the edges of a face in, pictures of 224 x 192 as the networks read them out."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from contracts.clips import Pixels

HEIGHT_PX = 224
WIDTH_PX = 192
_GROWTH = 1.5
# No face is as long as this; a crop of one pixel by thousands would otherwise grow to millions.
_LONGEST_SHAPE = 8

Area = tuple[int, int, int, int]


def area_around(edges: ArrayLike, height_px: int, width_px: int) -> Area:
    """Whole-pixel (left, top, right, bottom) of a face and half as much again, cut off where the frame ends.

    Nothing is left of it (right <= left or bottom <= top) where the box lies outside the frame or is very small.
    """
    left, top, right, bottom = (float(edge) for edge in np.asarray(edges))
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    reach_x, reach_y = (right - left) * _GROWTH / 2, (bottom - top) * _GROWTH / 2
    x0, x1 = (min(max(int(x), 0), width_px) for x in (middle_x - reach_x, middle_x + reach_x))
    y0, y1 = (min(max(int(y), 0), height_px) for y in (middle_y - reach_y, middle_y + reach_y))
    return x0, y0, x1, y1


def close_view(crop: Pixels) -> Pixels:
    """The middle of a crop whose shorter side becomes 224: what the sequence and the close frame network see."""
    return _middle(_scaled(crop, HEIGHT_PX))


def wide_view(crop: Pixels) -> Pixels:
    """A crop whose shorter side becomes 192, mirrored at its edges where it is not high enough: the wide network's."""
    return _middle(_filled_up(_scaled(crop, WIDTH_PX)))


def mirrored(crop: Pixels) -> Pixels:
    """The crop with left and right exchanged."""
    return np.ascontiguousarray(crop[:, ::-1])


def scaled_size(height: int, width: int, shorter_px: int) -> tuple[int, int]:
    """Height and width after the shorter side has become ``shorter_px``; halves go to the even number."""
    scale = shorter_px / min(height, width)
    return round(height * scale), round(width * scale)


def _scaled(crop: Pixels, shorter_px: int) -> Pixels:
    crop = _not_too_long(crop)
    height, width = scaled_size(crop.shape[0], crop.shape[1], shorter_px)
    if (height, width) == crop.shape[:2]:
        return crop
    return np.asarray(cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _not_too_long(crop: Pixels) -> Pixels:
    most = _LONGEST_SHAPE * min(crop.shape[:2])
    return _middle(crop, min(crop.shape[0], most), min(crop.shape[1], most))


def _filled_up(picture: Pixels) -> Pixels:
    more_y, more_x = max(0, HEIGHT_PX - picture.shape[0]), max(0, WIDTH_PX - picture.shape[1])
    around = more_y // 2, more_y - more_y // 2, more_x // 2, more_x - more_x // 2
    return np.asarray(cv2.copyMakeBorder(picture, *around, borderType=cv2.BORDER_REFLECT_101), dtype=np.uint8)


def _middle(picture: Pixels, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX) -> Pixels:
    top, left = (picture.shape[0] - height_px) // 2, (picture.shape[1] - width_px) // 2
    return picture[top : top + height_px, left : left + width_px]


def shape_of(area: Area) -> tuple[int, int]:
    """Height and width of an area; 0 where nothing is left of it."""
    left, top, right, bottom = area
    return max(0, bottom - top), max(0, right - left)


def cut_repeating(pixels: Pixels, area: Area) -> Pixels:
    """The area of a picture; places outside the picture get the nearest pixel inside."""
    left, top, right, bottom = area
    rows = np.clip(np.arange(top, bottom), 0, pixels.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, pixels.shape[1] - 1)
    return pixels[rows[:, None], columns[None, :]]


def moved(area: Area, by: Sequence[int]) -> Area:
    """The area ``by`` (x, y) pixels further right and down."""
    x, y = by
    left, top, right, bottom = area
    return left + x, top + y, right + x, bottom + y
