"""Pictures and a DSFD network in, faces without landmarks out, by our rules or by those of ntech.

Source: Li et al. 2019, "DSFD: Dual shot face detector", arXiv:1810.10220.
"""

import math
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
from ingest.face_locators.priors import best_apart, boxes_of, dsfd_priors

_BOX, _CHANCE = slice(0, 4), 5
_MULTIPLE_PX = 32


@dataclass(frozen=True, kw_only=True)
class DsfdRules:
    """How pictures are scaled and which boxes count.

    The longer side becomes ``longer_side_px`` (a shorter one is only enlarged where ``enlarge`` says so); then zeros
    fill up to multiples of 32. Of the likeliest ``candidates`` with more than ``candidate_confidence``, no two may
    share more than ``most_overlap``; in the end a box needs more than ``least_confidence``.
    """

    longer_side_px: int = 512
    enlarge: bool = True
    candidate_confidence: float = 0.01
    candidates: int = 5000
    most_overlap: float = 0.3
    least_confidence: float = 0.3


NTECH = DsfdRules()
OURS = DsfdRules(enlarge=False)
_BELIEVED = 0.5  # ntech keeps boxes from 0.3 on, but only in tracks that somewhere reach 0.9


def dsfd_locator(predict: Predict) -> OnePassFaceLocator:
    """A face locator on this network: pictures at a longer side of at most 512 pixels."""
    return OnePassFaceLocator(partial(dsfd_faces, predict=predict, rules=OURS), least_confidence=_BELIEVED)


def dsfd_faces(
    pictures: Sequence[Pixels],
    *,
    predict: Predict,
    rules: DsfdRules,
    compat: Literal["corrected", "original"] = "corrected",
) -> list[list[FaceBox]]:
    """The faces of pictures of one shape (H x W x 3 uint8 RGB), the likeliest first, also beyond the pictures' edges.

    The network's boxes are shares of the padded picture. The original takes them for shares of the picture without the
    padding (``compat`` original), which shrinks and shifts them where a side is no multiple of 32.

    Raises:
        PriorsDoNotFit: the network gives numbers for other priors than the picture has.
    """
    scaled = [_scaled(less_mean(picture), rules) for picture in pictures]
    batch = channels_first([_padded(picture) for picture in scaled])
    padded_px, scaled_px = batch.shape[2:], scaled[0].shape[:2]
    numbers = predict(batch).astype(np.float32)  # chances are compared in single precision, as published
    priors = dsfd_priors(*padded_px)
    if numbers.shape[1] != len(priors):
        raise PriorsDoNotFit(f"{numbers.shape[1]} priors of the network, {len(priors)} of {padded_px} pixels")
    ends_px = scaled_px if compat == "original" else padded_px
    height, width = (
        ends * side / there for ends, side, there in zip(ends_px, pictures[0].shape[:2], scaled_px, strict=True)
    )
    return [face_boxes(*likely_boxes(rows, priors, rules, within=(width, height))) for rows in numbers]


def _scaled(picture: NDArray[np.float32], rules: DsfdRules) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    scale = rules.longer_side_px / max(height, width)
    if scale >= 1 and not rules.enlarge:
        return picture
    size = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _padded(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    below, right = (-side % _MULTIPLE_PX for side in picture.shape[:2])
    return np.pad(picture, ((0, below), (0, right), (0, 0)))


def likely_boxes(
    numbers: NDArray, priors: NDArray, rules: DsfdRules, *, within: tuple[float, float] = (1.0, 1.0)
) -> tuple[NDArray, NDArray]:
    """The network's numbers (n x 6) as boxes (m x 4: left, top, right, bottom) and chances, the likeliest first.

    The padded picture has the width and height ``within``; without them the edges are shares of it.
    """
    chances = numbers[:, _CHANCE]
    likely = np.flatnonzero(chances > rules.candidate_confidence)
    likely = likely[np.argsort(-chances[likely], kind="stable")[: rules.candidates]]
    edges, chances = boxes_of(numbers[likely, _BOX], priors[likely], within=within), chances[likely]
    kept = best_apart(edges, chances, rules.most_overlap)
    kept = kept[chances[kept] > rules.least_confidence]
    return edges[kept], chances[kept]
