"""Pictures of one face in, the tensors that the networks of medics read out; every number as they were trained on."""

from collections.abc import Iterable, Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Floats, batch_of

ClipKind = Literal["i3d", "res34", "mc3_112", "mc3_224", "r2p1_112"]

SQUARE_PX = 256
CLIP_PX = 224
_EDGE_PX = (SQUARE_PX - CLIP_PX) // 2
_MEAN, _STD = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)
_IMAGENET = (1 / (255 * _STD)).astype(np.float32), (-_MEAN / _STD).astype(np.float32)
# What a colour between 0 and 255 is multiplied with, and what is added then.
_SCALES: dict[ClipKind, tuple[Floats, Floats]] = {
    "i3d": (np.array([2 / 255], np.float32), np.array([-1], np.float32)),
    "res34": (np.array([1], np.float32), np.array([0], np.float32)),
    "mc3_112": _IMAGENET,
    "mc3_224": _IMAGENET,
    "r2p1_112": _IMAGENET,
}


def clip_pixels(pictures: Iterable[Pixels]) -> NDArray[np.uint8]:
    """T x 224 x 224 x 3 uint8 RGB: each picture as a square of 256, without its outermost 16 pixels.

    The square is filled up with black on the right and at the bottom, and resized with linear weights. Brightness
    between two whole numbers goes down to the lower one, as it did when the networks were trained.
    """
    inner = slice(_EDGE_PX, _EDGE_PX + CLIP_PX)
    return np.stack([_squared(picture)[inner, inner] for picture in pictures])


def _squared(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    canvas = np.zeros((max(height, width), max(height, width), 3))
    canvas[:height, :width] = picture
    return cv2.resize(canvas, (SQUARE_PX, SQUARE_PX), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def clip_batch(pixels: NDArray[np.uint8], kind: ClipKind) -> Floats:
    """2 x 3 x T x side x side float32 for one model: the clip of :func:`clip_pixels`, and its mirror image.

    Side 224, or 112 for the kinds of that number, each of whose pixels is the mean of four.
    """
    values = pixels.astype(np.float32)
    if kind.endswith("_112"):
        values = _halved(values)
    scale, shift = _SCALES[kind]
    values *= scale
    values += shift
    clip = values.transpose(3, 0, 1, 2)
    return np.stack([clip, clip[..., ::-1]])


def _halved(values: Floats) -> Floats:
    # Linear weights at exactly half the size are one quarter for each of four neighbours.
    quarters = values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]
    return quarters * np.float32(0.25)


def picture_batch(pictures: Sequence[Pixels], *, first: int = 0) -> Floats:
    """n x 3 x 256 x 256 float32 of the square pictures of one face, in the order of time.

    Blue comes first and is normalised with ImageNet's numbers for red, as in training; pictures of even number are
    mirrored, ``first`` being the number of the first one. Sizes change with cubic weights and without any padding.
    """
    views = [_resized(picture, mirrored=(first + at) % 2 == 0) for at, picture in enumerate(pictures)]
    return batch_of(views, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _resized(picture: Pixels, *, mirrored: bool) -> Pixels:
    square = np.asarray(cv2.resize(picture, (SQUARE_PX, SQUARE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return square[:, ::-1, ::-1] if mirrored else square[:, :, ::-1]
