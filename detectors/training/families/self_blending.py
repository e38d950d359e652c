"""One genuine face in, a self-blended one out: the face mixed with a slightly changed copy of itself.

Source: Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022.
"""

import numpy as np

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace
from detectors.training.families.appearance import down_and_up, moved, recoloured, sharpened
from detectors.training.families.face_regions import face_mask, pasted

_RATIOS = (0.35, 0.5, 0.75, 1.0, 1.0, 1.0)


def self_blend(face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
    """The picture of ``face`` after blending; ``donor`` is not looked at (all families are called alike)."""
    del donor
    changed = changed_copy(face.pixels, rng)
    # Either the pasted part or its surroundings carry the change, so that neither alone gives it away.
    patch, onto = (changed, face.pixels) if rng.random() < 0.6 else (face.pixels, changed)
    patch = moved(patch, rng, centre=face.landmarks.mean(axis=0), size_px=face.size_px)
    mask = face_mask(face, rng) * float(rng.choice(_RATIOS))
    return pasted(onto, patch, mask)


def changed_copy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture with another colour and another sharpness."""
    changed = recoloured(pixels, rng, strength=float(rng.uniform(0.5, 1.4)))
    kind = rng.random()
    if kind < 0.4:
        return down_and_up(changed, float(rng.uniform(0.3, 0.8)), rng)
    return sharpened(changed, float(rng.uniform(0.3, 1.2))) if kind < 0.6 else changed
