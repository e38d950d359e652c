"""Two pictures that follow each other in, whether a new shot begins between them out; pure."""

import cv2
import numpy as np

from contracts.clips import Pixels

_SIDE_PX = 32
_READ_SIDE_PX = 128
_BINS = 8
_LEAST_NEW_COLOURS = 0.5
_LEAST_CHANGE = 24.0


def thumbnail(pixels: Pixels) -> Pixels:
    """A 32 x 32 copy, enough to see a cut and cheap to keep; of large pictures only every so many pixels are read."""
    step = max(1, min(pixels.shape[:2]) // _READ_SIDE_PX)
    some = np.ascontiguousarray(pixels[::step, ::step])
    return np.asarray(cv2.resize(some, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def is_cut(before: Pixels, after: Pixels) -> bool:
    """Whether two thumbnails belong to different shots: other colours altogether, and a change of most pixels.

    Both are asked: motion changes pixels and keeps colours, a flash changes colours and keeps edges dark or bright
    alike. A missed cut costs one full search later; a false one splits a face track in two.
    """
    change = float(np.mean(np.abs(before.astype(np.int16) - after.astype(np.int16))))
    return change > _LEAST_CHANGE and _new_colours(before, after) > _LEAST_NEW_COLOURS


def _new_colours(before: Pixels, after: Pixels) -> float:
    """The share of pixels whose coarse colour the other picture lacks, 0 to 1."""
    return 1.0 - float(np.minimum(_colours(before), _colours(after)).sum())


def _colours(thumb: Pixels) -> np.ndarray:
    bins = (thumb // (256 // _BINS)).reshape(-1, 3).astype(np.int64)
    codes = (bins[:, 0] * _BINS + bins[:, 1]) * _BINS + bins[:, 2]
    return np.bincount(codes, minlength=_BINS**3) / len(codes)
