"""A face in, the same face with another mouth out: moved by a warp or taken from someone else, as lip-sync does it."""

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace
from detectors.training.families.appearance import colour_matched, recoloured
from detectors.training.families.face_regions import axes_of, mouth_mask, pasted
from detectors.training.families.face_swapping import aligned, as_if_generated


def replace_mouth(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` with the mouth of ``donor``."""
    mask = mouth_mask(face, rng)
    patch = colour_matched(aligned(donor, face), face.pixels, mask, strength=float(rng.uniform(0.6, 1.0)))
    return pasted(face.pixels, as_if_generated(patch, face.size_px, rng), mask)


def reshape_mouth(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` with its own mouth in another shape; ``donor`` is not looked at."""
    del donor
    mask = mouth_mask(face, rng)
    patch = recoloured(moved_mouth(face, rng), rng, strength=float(rng.uniform(0.0, 0.35)))
    return pasted(face.pixels, as_if_generated(patch, face.size_px, rng), mask)


def moved_mouth(face: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture with the mouth opened, closed, widened or narrowed by a warp that fades with distance."""
    eyes, across, down = axes_of(face)
    mouth, reach = eyes + down, 0.45 * float(np.linalg.norm(down))
    height, width = face.pixels.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    away_x, away_y = x - mouth[0], y - mouth[1]
    fade = np.exp(-(away_x**2 + away_y**2) / (2.0 * reach**2))
    taller, wider = rng.uniform(-0.35, 0.35, 2)
    shift_x, shift_y = rng.uniform(-0.08, 0.08, 2) * float(np.linalg.norm(across))
    moved = cv2.remap(
        face.pixels,
        (x + fade * (wider * away_x + shift_x)).astype(np.float32),
        (y + fade * (taller * away_y + shift_y)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return moved.astype(np.uint8)
