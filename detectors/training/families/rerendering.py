"""A face in, the same face drawn again by a network out: its region, the whole head, or the whole picture."""

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace
from detectors.training.families.appearance import sharpened
from detectors.training.families.face_regions import box_mask, face_mask, pasted
from detectors.training.families.rerenderers import DESIGNS, at_multiple, drawn_again

_MADE_AT_PX = (96, 128, 160, 192, 224)


def rerender(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` with its face, head or everything drawn again; ``donor`` is not looked at."""
    del donor
    kind = rng.random()
    drawn = _drawn(face, rng)
    if kind < 0.4:
        return drawn
    return pasted(face.pixels, drawn, box_mask(face, rng) if kind < 0.7 else face_mask(face, rng))


def _drawn(face: LocatedFace, rng: np.random.Generator) -> Pixels:
    height, width = face.pixels.shape[:2]
    face_at_px = float(rng.choice(_MADE_AT_PX))
    small = at_multiple(face.pixels, round(min(1.5, face_at_px / face.size_px) * max(height, width)))
    name = str(rng.choice(tuple(DESIGNS)))
    made = drawn_again(small, name, noise=float(rng.uniform(0.0, 0.1)), seed=int(rng.integers(2**31)))
    full = cv2.resize(made, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    return sharpened(full, float(rng.uniform(0.2, 1.0))) if rng.random() < 0.4 else full
