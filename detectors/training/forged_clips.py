"""The faces of a genuine clip in, the same faces manipulated the same way throughout out, through H.264 once more."""

from collections.abc import Iterator, Sequence

import numpy as np

from detectors.training.capture_chain import h264
from detectors.training.clip_scores import ClipScore, LogitsOf, score_clip
from detectors.training.configuration import Family
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace, scaled
from detectors.training.pairs import FAMILIES

_CRF = 23
_DONORS = 8


def forged(faces: Sequence[LocatedFace], donor: LocatedFace, family: Family, *, seed: int) -> Iterator[LocatedFace]:
    """Every face manipulated with the same draws (mask, colour, strength), as one tool treats one video."""
    for face in faces:
        rng = np.random.default_rng(seed)
        pixels = FAMILIES[family](face, scaled(donor, face.size_px / donor.size_px), rng)
        yield face.with_pixels(h264(pixels, crf=_CRF))


def score_forged_clips(
    names: Sequence[str], clips: ClipFaces, donors: PortraitFaces, logits_of: LogitsOf, *, margin: float, size_px: int
) -> list[ClipScore]:
    """Each clip once per family; ``variant`` of the scores names the family."""
    scores = []
    for at, name in enumerate(names):
        faces = clips.of(name)
        among = np.random.default_rng(at).integers(len(donors), size=_DONORS).tolist()
        donor = donors.closest_in_pose(faces[0].landmarks, among, other_than=name)
        for family in FAMILIES:
            made = list(forged(faces, donor, family, seed=at))
            logit, count = score_clip(made, logits_of, margin=margin, size_px=size_px)
            scores.append(ClipScore(name, family, logit, count))
    return scores
