"""Pictures in, pictures with another colour, light or sharpness out: the small changes that several families share."""

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels

_GREY = np.array([0.299, 0.587, 0.114])  # luma of ITU-R BT.601
_WAYS_DOWN = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
_WAYS_UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def recoloured(pixels: Pixels, rng: np.random.Generator, *, strength: float = 1.0) -> Pixels:
    """Gain and shift per colour, contrast, gamma and saturation, all drawn at once; ``strength`` 1 is well visible."""
    mean = np.array(cv2.mean(pixels)[:3], np.float64)
    contrast = 1.0 + strength * rng.uniform(-0.15, 0.15)
    gain, shift = 1.0 + strength * rng.uniform(-0.08, 0.08, 3), strength * rng.uniform(-15.0, 15.0)
    offset = (1.0 - contrast) * mean * gain + shift + strength * rng.uniform(-8.0, 8.0, 3)
    colourful = 1.0 + strength * rng.uniform(-0.3, 0.3)
    # grey + (value - grey) * colourful, as one matrix
    mix = colourful * np.eye(3) + (1.0 - colourful) * np.tile(_GREY, (3, 1))
    changed = cv2.transform(pixels, np.column_stack([mix * (contrast * gain), mix @ offset]))
    gamma = float(np.exp(strength * rng.uniform(-0.15, 0.15)))
    curve = 255.0 * (np.arange(256) / 255.0) ** gamma
    return cv2.LUT(changed, np.rint(curve).astype(np.uint8)).astype(np.uint8)


def colour_matched(patch: Pixels, like: Pixels, mask: NDArray[np.float32], *, strength: float) -> Pixels:
    """``patch`` with the mean and spread of ``like`` under the mask, in CIE Lab; ``strength`` 0 leaves it alone.

    Source: Reinhard, Ashikhmin, Gooch, Shirley, "Color transfer between images", 2001 (there in another colour space).
    """
    inside = (mask > 0.5).astype(np.uint8)
    if strength <= 0.0 or inside.sum() < 16:
        return patch
    own, aim = (cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) for picture in (patch, like))
    (own_mean, own_spread), (aim_mean, aim_spread) = (
        (np.ravel(value) for value in cv2.meanStdDev(picture, mask=inside)) for picture in (own, aim)
    )
    ratio = 1.0 + strength * (np.clip(aim_spread / (own_spread + 1e-3), 0.5, 2.0) - 1.0)
    offset = own_mean + strength * (aim_mean - own_mean) - ratio * own_mean
    mixed = cv2.transform(own, np.column_stack([np.diag(ratio), offset]))
    return cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB).astype(np.uint8)


def down_and_up(pixels: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """Shrunk to ``factor`` of its size and brought back, each by an interpolation drawn at random."""
    height, width = pixels.shape[:2]
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    shrunk = cv2.resize(pixels, small, interpolation=int(rng.choice(_WAYS_DOWN)))
    return cv2.resize(shrunk, (width, height), interpolation=int(rng.choice(_WAYS_UP))).astype(np.uint8)


def sharpened(pixels: Pixels, amount: float, *, sigma_px: float = 1.0) -> Pixels:
    """Unsharp masking; ``amount`` 0 leaves the picture alone, 1 is strong."""
    soft = cv2.GaussianBlur(pixels, (0, 0), sigma_px)
    return cv2.addWeighted(pixels, 1.0 + amount, soft, -amount, 0.0).astype(np.uint8)


def moved(pixels: Pixels, rng: np.random.Generator, *, centre: NDArray[np.float32], size_px: float) -> Pixels:
    """Shifted, turned and scaled a little around ``centre``, by at most a few hundredths of the face."""
    height, width = pixels.shape[:2]
    turn, zoom = float(rng.uniform(-2.5, 2.5)), float(rng.uniform(0.95, 1.06))
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), turn, zoom)
    matrix[:, 2] += rng.uniform(-0.03, 0.03, 2) * size_px
    return cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    ).astype(np.uint8)
