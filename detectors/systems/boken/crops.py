"""A frame and the box of a face in, the square picture of 224 x 224 that the networks read out."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, Pixels

INPUT_PX = 224
GROWTH = 1.2


def largest(boxes: Sequence[FaceBox]) -> FaceBox | None:
    """The box of the largest area, the first one among equals; ``None`` of none."""
    return max(boxes, key=lambda box: box.width_px * box.height_px, default=None)


def square_around(box: FaceBox, *, width: int, height: int) -> tuple[int, int, int]:
    """``(left, top, side)`` of the square around a box in a picture of ``width`` x ``height`` pixels.

    Its side is 1.2 times the longer side of the box. Left and top are first moved into the picture, then the side is
    cut to what is left of the width and of the height: at a border the square shrinks and leaves the face's middle.
    A side of 0 or less means that the box lies outside.
    """
    side = int(GROWTH * max(box.width_px, box.height_px))
    middle_x, middle_y = (box.left + box.right) // 2, (box.top + box.bottom) // 2
    left, top = max(int(middle_x - side // 2), 0), max(int(middle_y - side // 2), 0)
    return left, top, min(side, width - left, height - top)


def face_of(picture: Pixels, box: FaceBox) -> Pixels | None:
    """The face as 224 x 224 x 3 uint8 RGB, stretched linearly; ``None`` where the box lies outside the picture."""
    height, width = picture.shape[:2]
    left, top, side = square_around(box, width=width, height=height)
    if side <= 0:
        return None
    return np.asarray(cv2.resize(picture[top : top + side, left : left + side], (INPUT_PX, INPUT_PX)), dtype=np.uint8)


def batch_of(faces: Sequence[Pixels]) -> NDArray[np.float32]:
    """``n`` x 3 x 224 x 224 float32 between 0 and 1, RGB; neither mean nor spread is taken out."""
    return np.stack(faces).astype(np.float32).transpose(0, 3, 1, 2) / np.float32(255.0)
