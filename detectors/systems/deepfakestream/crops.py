"""A picture and a face box in, what DeepfakeStream's networks read out."""

from collections.abc import Sequence

import cv2
import numpy as np

from contracts.clips import FaceBox, Pixels
from detectors.preprocessing import Floats

INPUT_PX = 380


def face_of(picture: Pixels, box: FaceBox) -> Pixels | None:
    """The box without surroundings, stretched to 380 x 380 (bilinear); ``None`` where nothing of it is inside.

    Its edges are rounded to whole pixels and moved to the picture's edge where they lie beyond it.
    """
    left, top = max(round(box.left), 0), max(round(box.top), 0)
    face = picture[top : max(round(box.bottom), 0), left : max(round(box.right), 0)]
    return stretched(face) if face.size else None


def stretched(picture: Pixels) -> Pixels:
    """The whole picture at 380 x 380, whatever its proportions."""
    return np.asarray(cv2.resize(picture, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def batch_of(faces: Sequence[Pixels]) -> Floats:
    """n x 3 x 380 x 380 float32 of RGB pictures, 0 to 255 as they are: the service that scores does not normalise."""
    return np.stack(faces).astype(np.float32).transpose(0, 3, 1, 2)
