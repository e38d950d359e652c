"""Two people's faces in, the first picture with the second face out: aligned by landmarks, blended."""

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace
from detectors.training.families.appearance import colour_matched, down_and_up, sharpened
from detectors.training.families.face_regions import face_mask, pasted


def swap_face(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` with the face of ``donor`` in it."""
    mask = face_mask(face, rng)
    patch = aligned(donor, face)
    patch = colour_matched(patch, face.pixels, mask, strength=float(rng.uniform(0.5, 1.0)))
    return pasted(face.pixels, as_if_generated(patch, face.size_px, rng), mask)


def as_if_generated(patch: Pixels, face_px: float, rng: np.random.Generator) -> Pixels:
    """A patch as networks give it: made at 64 to 256 px per face and brought to size, at times sharpened after."""
    made_at_px = float(rng.choice((64, 96, 128, 160, 224, 256)))
    if made_at_px < face_px:
        patch = down_and_up(patch, made_at_px / face_px, rng)
    return sharpened(patch, float(rng.uniform(0.2, 1.0))) if rng.random() < 0.3 else patch


def aligned(donor: LocatedFace, face: LocatedFace) -> Pixels:
    """The donor's picture moved so that its five landmarks fall on those of ``face``; as large as its picture.

    An affine map brings them close, a smooth displacement that fades with distance closes the gap.
    """
    matrix = affine_between(donor.landmarks, face.landmarks)
    height, width = face.pixels.shape[:2]
    near = donor.landmarks @ matrix[:, :2].T + matrix[:, 2]
    warped = cv2.warpAffine(
        donor.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return _pulled(warped.astype(np.uint8), near, face)


def affine_between(start: NDArray[np.float32], end: NDArray[np.float32]) -> NDArray[np.float32]:
    """2 x 3 matrix of the least-squares similarity from five points to five others (turn, scale, shift; no mirror)."""
    middle_start, middle_end = start.mean(axis=0), end.mean(axis=0)
    a, b = (start - middle_start).astype(np.float64), (end - middle_end).astype(np.float64)
    size = max(float((a**2).sum()), 1e-6)
    real = float((a * b).sum()) / size
    turned = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    turn = np.array([[real, -turned], [turned, real]])
    return np.hstack([turn, (middle_end - turn @ middle_start)[:, None]]).astype(np.float32)


def _pulled(pixels: Pixels, near: NDArray[np.float32], face: LocatedFace) -> Pixels:
    height, width = pixels.shape[:2]
    reach = 0.25 * face.size_px
    # The displacement is smooth, so it is worked out on a coarse grid.
    step = 8
    columns, rows = np.meshgrid(np.arange(0, width, step), np.arange(0, height, step))
    grid = np.stack([columns, rows], axis=-1).astype(np.float32)
    distance = ((grid[..., None, :] - face.landmarks) ** 2).sum(axis=-1)
    weight = np.exp(-distance / (2.0 * reach**2))
    share = weight / (weight.sum(axis=-1, keepdims=True) + 0.5)
    coarse = share @ (near - face.landmarks)
    shift = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(pixels, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return moved.astype(np.uint8)


def likeness_of_pose(landmarks: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How far five landmarks stay from five others after the best similarity, in shares of their size; 0 is alike."""
    matrix = affine_between(other, landmarks)
    apart = other @ matrix[:, :2].T + matrix[:, 2] - landmarks
    size = float(np.linalg.norm(landmarks - landmarks.mean(axis=0))) + 1e-6
    return float(np.linalg.norm(apart)) / size
