"""The size of a picture in, the boxes that a one-pass network talks about (its priors) out; its numbers in, faces out.

A prior is a row of centre x, centre y, width and height in shares of the picture. The encoding of boxes is that of Liu
et al. 2016, "SSD: Single shot multibox detector", with the variances 0.1 and 0.2; the priors are those of the public
RetinaFace and DSFD implementations.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
CellCounts = tuple[tuple[int, int], ...]

_RETINAFACE_LEVELS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
_DSFD_LEVELS = ((4, 16), (8, 32), (16, 64), (32, 128), (64, 256), (128, 512))
_DSFD_SLENDER = math.sqrt(1.5)  # faces are higher than wide
_CENTRE_VARIANCE, _SIZE_VARIANCE = np.float32(0.1), np.float32(0.2)
_SIZES_KEPT = 8  # priors of one 4K picture take 6 MB


@lru_cache(maxsize=_SIZES_KEPT)
def retinaface_priors(height_px: int, width_px: int) -> Floats:
    """n x 4: two squares per cell of the strides 8, 16 and 32, cells row by row, the smaller one first; read-only."""
    levels = [
        _level(*_cells(height_px, width_px, stride), stride, [(side, side) for side in sides], (height_px, width_px))
        for stride, sides in _RETINAFACE_LEVELS
    ]
    return _frozen(np.concatenate(levels))


@lru_cache(maxsize=_SIZES_KEPT)
def dsfd_priors(height_px: int, width_px: int, *, cells: CellCounts | None = None) -> Floats:
    """n x 4: one box per cell of the strides 4 to 128, 1.5 times as high as wide, cut off at 0 and 1; read-only.

    ``cells`` are rows and columns of each level; by default as many as the picture fills, rounded up.
    """
    cells = cells or tuple(_cells(height_px, width_px, stride) for stride, _ in _DSFD_LEVELS)
    levels = [
        _level(rows, columns, stride, [(side / _DSFD_SLENDER, side * _DSFD_SLENDER)], (height_px, width_px))
        for (rows, columns), (stride, side) in zip(cells, _DSFD_LEVELS, strict=True)
    ]
    return _frozen(np.concatenate(levels).clip(0.0, 1.0))


def _cells(height_px: int, width_px: int, stride: int) -> tuple[int, int]:
    return math.ceil(height_px / stride), math.ceil(width_px / stride)


def _level(
    rows: int, columns: int, stride: int, sides: Sequence[tuple[float, float]], picture_px: tuple[int, int]
) -> NDArray[np.float64]:
    """Boxes of these sides (width, height in pixels) around the middle of every cell."""
    height_px, width_px = picture_px
    y, x, side = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(len(sides)), indexing="ij")
    width, height = np.asarray(sides, dtype=np.float64)[side.ravel()].T
    centre_x, centre_y = (x.ravel() + 0.5) * stride, (y.ravel() + 0.5) * stride
    return np.stack([centre_x / width_px, centre_y / height_px, width / width_px, height / height_px], axis=1)


def _frozen(priors: NDArray) -> Floats:
    single = priors.astype(np.float32)
    single.flags.writeable = False
    return single


def boxes_of(numbers: NDArray, priors: Floats, *, within: tuple[float, float] = (1.0, 1.0)) -> Floats:
    """Encoded boxes (n x 4) as left, top, right, bottom in a picture of this width and height.

    Without a size they are shares of the picture. What overflows is not finite.
    """
    shifts = numbers[:, :2].astype(np.float32) * _CENTRE_VARIANCE
    growths = numbers[:, 2:].astype(np.float32) * _SIZE_VARIANCE
    with np.errstate(over="ignore", invalid="ignore"):
        size = priors[:, 2:] * np.exp(growths)
        corner = priors[:, :2] + shifts * priors[:, 2:] - size / 2
        edges = np.concatenate([corner, corner + size], axis=1)
        return edges * np.asarray([*within, *within], dtype=np.float32)


def landmarks_of(numbers: NDArray, priors: Floats, *, within: tuple[float, float] = (1.0, 1.0)) -> Floats:
    """Encoded landmarks (n x 10: x, y, x, y, ...) as points (n x 5 x 2), as :func:`boxes_of` gives edges."""
    shifts = numbers.astype(np.float32).reshape(-1, 5, 2) * _CENTRE_VARIANCE
    with np.errstate(over="ignore", invalid="ignore"):
        points = priors[:, None, :2] + shifts * priors[:, None, 2:]
        return points * np.asarray(within, dtype=np.float32)


def best_apart(boxes: NDArray, chances: NDArray, most_overlap: float) -> NDArray[np.int64]:
    """Positions of the boxes that stay, the likeliest first, when no two may share more than ``most_overlap``.

    The overlap is intersection over union of boxes whose edges are continuous coordinates.
    """
    import torch
    from torchvision.ops import nms

    rows = torch.from_numpy(np.ascontiguousarray(boxes, dtype=np.float32))
    return nms(rows, torch.from_numpy(np.ascontiguousarray(chances, dtype=np.float32)), most_overlap).numpy()
