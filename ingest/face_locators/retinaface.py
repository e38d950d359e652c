"""Pictures and a RetinaFace network in, faces with five landmarks out, by our rules or by those of a founding system.

Source: Deng et al. 2019, "RetinaFace: Single-stage dense face localisation in the wild", arXiv:1905.00641.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, Pixels
from ingest.face_locators.one_pass import (
    OnePassFaceLocator,
    Predict,
    PriorsDoNotFit,
    channels_first,
    face_boxes,
    less_mean,
)
from ingest.face_locators.priors import best_apart, boxes_of, landmarks_of, retinaface_priors

_BOX, _CHANCE, _LANDMARKS = slice(0, 4), 5, slice(6, 16)


@dataclass(frozen=True, kw_only=True)
class RetinaFaceRules:
    """How pictures are scaled and which boxes count.

    Pictures are scaled so that the short side becomes ``short_side_px``, or the long side ``long_side_px`` where it
    would come out longer; ``None`` leaves them as they are. Boxes must have more than ``least_confidence``, then
    (unless ``None``) no two share more than ``most_overlap``, then they need at least ``kept_confidence``.
    ``whole_px`` cuts the fractions off the edges.
    """

    least_confidence: float
    most_overlap: float | None
    kept_confidence: float = 0.0
    short_side_px: int | None = None
    long_side_px: int | None = None
    whole_px: bool = False


OURS = RetinaFaceRules(least_confidence=0.5, most_overlap=0.4)
WM = RetinaFaceRules(least_confidence=0.8, most_overlap=None)
EIGHTEEN = RetinaFaceRules(
    least_confidence=0.02,
    most_overlap=0.4,
    kept_confidence=0.8,
    short_side_px=400,
    long_side_px=2150,
    whole_px=True,
)
_BELIEVED = 0.8  # what both systems ask for in the end


def retinaface_locator(predict: Predict) -> OnePassFaceLocator:
    """A face locator on this network: pictures at the size they come in, overlapping boxes put aside."""
    return OnePassFaceLocator(partial(retinaface_faces, predict=predict, rules=OURS), least_confidence=_BELIEVED)


def retinaface_faces(
    pictures: Sequence[Pixels],
    *,
    predict: Predict,
    rules: RetinaFaceRules,
    compat: Literal["corrected", "original"] = "corrected",
) -> list[list[FaceBox]]:
    """The faces of pictures of one shape (H x W x 3 uint8 RGB), in the pictures' pixels, also beyond their edges.

    The order is that of the confidence where overlapping boxes are put aside, else that of the priors. The original
    takes the scaled size for the priors by cutting fractions off, although the picture was scaled to the rounded one.

    Raises:
        PriorsDoNotFit: by that (``compat`` original), or by its nature, the network gives numbers for other priors.
    """
    scale = _scale(pictures[0], rules)
    batch = channels_first([less_mean(_scaled(picture, scale)) for picture in pictures])
    height, width = pictures[0].shape[:2]
    size = (int(height * scale), int(width * scale)) if compat == "original" else (batch.shape[2], batch.shape[3])
    priors = retinaface_priors(*size)
    numbers = predict(batch).astype(np.float32)  # chances are compared in single precision, as published
    if numbers.shape[1] != len(priors):
        raise PriorsDoNotFit(f"{numbers.shape[1]} priors of the network, {len(priors)} of {size[0]} x {size[1]} pixels")
    within_px = size[1] / scale, size[0] / scale
    return [_faces(rows, priors, within_px, rules) for rows in numbers]


def _scale(picture: Pixels, rules: RetinaFaceRules) -> float:
    if rules.short_side_px is None:
        return 1.0
    short, long = sorted(picture.shape[:2])
    scale = rules.short_side_px / short
    if rules.long_side_px is not None and round(scale * long) > rules.long_side_px:
        return rules.long_side_px / long
    return scale


def _scaled(picture: Pixels, scale: float) -> Pixels:
    if scale == 1.0:
        return picture
    if round(min(picture.shape[:2]) * scale) < 1:  # OpenCV makes no picture of no height
        height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
        return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _faces(numbers: NDArray, priors: NDArray, within_px: tuple[float, float], rules: RetinaFaceRules) -> list[FaceBox]:
    likely = np.flatnonzero(numbers[:, _CHANCE] > rules.least_confidence)
    edges = boxes_of(numbers[likely, _BOX], priors[likely], within=within_px)
    points = landmarks_of(numbers[likely, _LANDMARKS], priors[likely], within=within_px)
    chances = numbers[likely, _CHANCE]
    if rules.most_overlap is not None:
        kept = best_apart(edges, chances, rules.most_overlap)
        edges, points, chances = edges[kept], points[kept], chances[kept]
    sure = chances >= rules.kept_confidence
    edges = np.trunc(edges[sure]) if rules.whole_px else edges[sure]
    return face_boxes(edges, chances[sure], points[sure])
