"""A picture and five landmarks of a face in, the face upright at 320 x 320 out."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from contracts.clips import FaceBox, Pixels
from detectors.systems.footage import Compat

ALIGNED_PX = 320
# Where the eyes, the nose and the corners of the mouth come to lie, left ones first as the viewer sees them. In single
# precision as published: the middle of the points is rounded, which is worth six millionths of a pixel.
TEMPLATE = np.array(
    [(122.5, 141.25), (197.5, 141.25), (160.0, 178.75), (137.5, 225.25), (182.5, 225.25)], dtype=np.float32
)
# Where the boxes of MTCNN come to lie, and how long their longer side gets: medians of 113 portraits that were aligned
# by their landmarks (half of all within 4.6 px and 11 px of them).
_BOX_MIDDLE = (156.0, 167.0)
_BOX_LONGER_SIDE = 209.0

Points = Sequence[Sequence[float]]
Matrix = NDArray[np.float64]


def aligned(picture: Pixels, face: FaceBox, *, compat: Compat = "corrected") -> Pixels:
    """The face as 320 x 320 pixels, colours as in ``picture``; black where that leaves the picture.

    A face without landmarks, or with all of them in one place, is not turned; its box comes to lie where boxes do.
    """
    matrix = alignment_of(face.landmarks, compat=compat) if face.landmarks else None
    return warped(picture, alignment_of_box(face) if matrix is None else matrix)


def warped(picture: Pixels, matrix: Matrix) -> Pixels:
    """The picture under a 2 x 3 transform from its pixels to those of 320 x 320, bilinear, black outside."""
    size = ALIGNED_PX, ALIGNED_PX
    return np.asarray(cv2.warpAffine(picture, matrix, size, borderValue=(0.0, 0.0, 0.0)), dtype=np.uint8)


def alignment_of_box(box: FaceBox) -> Matrix:
    """The 2 x 3 transform that scales and shifts a face box to where aligned faces have theirs."""
    scale = _BOX_LONGER_SIDE / max(box.width_px, box.height_px)
    middle = np.array([box.left + box.right, box.top + box.bottom]) / 2.0
    return np.column_stack([scale * np.eye(2), _BOX_MIDDLE - scale * middle])


def alignment_of(landmarks: Points, *, compat: Compat = "corrected") -> Matrix | None:
    """The 2 x 3 transform that brings five landmarks as near as possible to the template; ``None`` where none does.

    The original cuts the landmarks to whole pixels first, and so loses up to one of them.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    return similarity(np.trunc(points) if compat == "original" else points, TEMPLATE)


def similarity(points: ArrayLike, targets: ArrayLike) -> Matrix | None:
    """The turn, uniform scale and shift that bring ``points`` (n x 2) nearest to ``targets`` in the squared distance.

    A mirror image is never allowed. ``None`` when all points are one.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", TPAMI 1991.
    """
    given, wanted = np.asarray(points, dtype=np.float64), np.asarray(targets)
    middle, wanted_middle = given.mean(axis=0), wanted.mean(axis=0)
    centred = given - middle
    spread = float((centred**2).sum())
    if not spread > 0.0:
        return None
    left, sizes, right = np.linalg.svd((wanted - wanted_middle).T @ centred)
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    turn = (left * signs) @ right
    scale = float(sizes @ signs) / spread
    return np.column_stack([scale * turn, wanted_middle - scale * turn @ middle])
