"""A located face in, soft masks of its parts out: outlines from five landmarks, bent at random so that none repeats."""

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.training.faces import LocatedFace

Mask = NDArray[np.float32]

# Outline of a face on its own axes: x in half eye distances to the right of the line between eyes and mouth, y in
# eye-mouth distances below the eyes.
_FOREHEAD = ((-1.5, -0.75), (-0.7, -1.0), (0.7, -1.0), (1.5, -0.75))
_BROWS = ((-1.7, -0.35), (-0.7, -0.5), (0.7, -0.5), (1.7, -0.35))
_CHEEKS_RIGHT = ((2.0, 0.1), (1.85, 0.7))
_CHEEKS_LEFT = ((-1.85, 0.7), (-2.0, 0.1))
_JAW = ((1.45, 1.25), (0.7, 1.65), (-0.7, 1.65), (-1.45, 1.25))
_LIPS = ((1.2, 1.25), (0.6, 1.45), (-0.6, 1.45), (-1.2, 1.25))


def axes_of(face: LocatedFace) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Middle of the eyes, half the way from eye to eye, and the way from there to the middle of the mouth."""
    eyes, mouth = face.landmarks[:2].mean(axis=0), face.landmarks[3:].mean(axis=0)
    across, down = (face.landmarks[1] - face.landmarks[0]) / 2.0, mouth - eyes
    # In a profile the eyes fall together: keep the outline at least as wide as a half-turned face.
    least = 0.3 * float(np.linalg.norm(down))
    width = float(np.linalg.norm(across))
    if width < least:
        across = np.array([down[1], -down[0]], np.float32) / max(float(np.linalg.norm(down)), 1e-3) * least
    return eyes, across.astype(np.float32), down.astype(np.float32)


def face_mask(face: LocatedFace, rng: np.random.Generator) -> Mask:
    """H x W in 0..1: the face or its inner part, with or without forehead and chin, with a rim bent and softened."""
    top = _FOREHEAD if rng.random() < 0.3 else _BROWS
    bottom = _LIPS if rng.random() < 0.3 else _JAW
    outline = np.array((*top, *_CHEEKS_RIGHT, *bottom, *_CHEEKS_LEFT), np.float32)
    outline *= rng.uniform(0.75, 1.1, 2).astype(np.float32)
    return softened(bent(_filled(face, outline), face, rng), face, rng)


def mouth_mask(face: LocatedFace, rng: np.random.Generator) -> Mask:
    """H x W in 0..1: an oval around the mouth, or the lower half of the face as lip-sync networks replace it."""
    width, height = rng.uniform(1.1, 1.8), rng.uniform(0.35, 0.6)
    if rng.random() < 0.5:
        angles = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
        outline = np.stack([width * np.cos(angles), 1.05 + height * np.sin(angles)], axis=1).astype(np.float32)
    else:
        outline = np.array(((-width, 0.45), (width, 0.45), (width, 1.7), (-width, 1.7)), np.float32)
    return softened(bent(_filled(face, outline), face, rng), face, rng)


def box_mask(face: LocatedFace, rng: np.random.Generator) -> Mask:
    """H x W in 0..1: the face box, a little wider or narrower, with a soft rim, as a whole generated face is pasted."""
    left, top, right, bottom = face.box + rng.uniform(-0.08, 0.08, 4) * face.size_px
    mask = np.zeros(face.pixels.shape[:2], np.float32)
    mask[max(0, int(top)) : max(1, int(bottom)), max(0, int(left)) : max(1, int(right))] = 1.0
    return softened(mask, face, rng)


def _filled(face: LocatedFace, outline: NDArray[np.float32]) -> Mask:
    eyes, across, down = axes_of(face)
    points = eyes + outline[:, :1] * across + outline[:, 1:] * down
    mask = np.zeros(face.pixels.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], (1.0,))
    return mask


def bent(mask: Mask, face: LocatedFace, rng: np.random.Generator) -> Mask:
    """The mask after a smooth random displacement of up to about a tenth of the face."""
    height, width = mask.shape
    reach = rng.uniform(0.0, 0.06) * face.size_px
    coarse = rng.normal(0.0, reach, (2, 7, 7)).astype(np.float32)
    shift_x, shift_y = (cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) for grid in coarse)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(mask, columns + shift_x, rows + shift_y, cv2.INTER_LINEAR).astype(np.float32)


def softened(mask: Mask, face: LocatedFace, rng: np.random.Generator) -> Mask:
    """The mask shrunk or grown a little, with a rim between one pixel and a tenth of the face wide."""
    sigma = face.size_px * float(np.exp(rng.uniform(np.log(0.006), np.log(0.06))))
    blurred = cv2.GaussianBlur(mask, (0, 0), max(0.5, sigma))
    return np.clip(blurred, 0.0, 1.0).astype(np.float32)


def pasted(onto: NDArray[np.uint8], patch: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """``patch`` where the mask is 1, ``onto`` where it is 0, mixed in between; all H x W (x 3)."""
    weight = np.clip(mask, 0.0, 1.0)
    return cv2.blendLinear(patch, onto, weight, 1.0 - weight).astype(np.uint8)


def unevenly_focused(face: LocatedFace, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture with surroundings softer or sharper than the head, as lenses and portrait modes leave them."""
    reach = np.zeros(face.pixels.shape[:2], np.float32)
    eyes, across, down = axes_of(face)
    middle = tuple(float(value) for value in eyes + 0.3 * down)
    half = (float(np.linalg.norm(across)) * rng.uniform(2.4, 3.6), float(np.linalg.norm(down)) * rng.uniform(1.8, 2.6))
    turn = float(np.degrees(np.arctan2(across[1], across[0])))
    cv2.ellipse(reach, (middle, (2.0 * half[0], 2.0 * half[1]), turn), (1.0,), -1)
    head = cv2.GaussianBlur(reach, (0, 0), face.size_px * float(rng.uniform(0.02, 0.1))).astype(np.float32)
    soft = cv2.GaussianBlur(face.pixels, (0, 0), face.size_px * float(rng.uniform(0.008, 0.03)))
    if rng.random() < 0.5:
        return pasted(soft.astype(np.uint8), face.pixels, head)
    return pasted(face.pixels, soft.astype(np.uint8), head)
