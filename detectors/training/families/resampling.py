"""A face in, the same face made over out: a region brought down and up again, smoothed or sharpened like a restorer."""

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace
from detectors.training.families.appearance import down_and_up, sharpened
from detectors.training.families.face_regions import box_mask, face_mask, pasted


def resample(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` with its face region made over; ``donor`` is not looked at."""
    del donor
    mask = face_mask(face, rng) if rng.random() < 0.6 else box_mask(face, rng)
    patch = _made_over(face.pixels, face.size_px, rng)
    return pasted(face.pixels, patch, mask)


def _made_over(pixels: Pixels, face_px: float, rng: np.random.Generator) -> Pixels:
    kind = rng.random()
    if kind < 0.45:
        patch = pixels
        for _ in range(int(rng.integers(1, 3))):
            patch = down_and_up(patch, float(rng.uniform(0.25, 0.7)), rng)
        return sharpened(patch, float(rng.uniform(0.3, 1.5))) if rng.random() < 0.5 else patch
    return restored(pixels, rng) if kind < 0.75 else checkered(pixels, rng)


def restored(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Skin smoothed while edges stay and get sharper, as face restorers leave it."""
    smooth = cv2.bilateralFilter(pixels, int(rng.integers(5, 10)), float(rng.uniform(20, 60)), float(rng.uniform(3, 8)))
    return sharpened(smooth.astype(np.uint8), float(rng.uniform(0.3, 1.5)), sigma_px=float(rng.uniform(0.8, 2.0)))


def checkered(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Half the resolution brought up by an uneven kernel: the faint grid of transposed convolutions."""
    height, width = pixels.shape[:2]
    half = cv2.resize(pixels, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    grown = cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    grid = 1.0 + rng.uniform(-0.05, 0.05, (2, 2, 1)).astype(np.float32)
    tiled = np.tile(grid, (height // 2 + 1, width // 2 + 1, 1))[:height, :width]
    return np.clip(np.rint(grown * tiled), 0, 255).astype(np.uint8)
