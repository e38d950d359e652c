"""The faces of a genuine clip in, the same faces manipulated the same way throughout out, through H.264 once more."""

from collections.abc import Iterator, Sequence

import numpy as np

from detectors.training.capture_chain import h264
from detectors.training.configuration import Family
from detectors.training.face_store import PortraitFaces
from detectors.training.faces import LocatedFace
from detectors.training.families.jittered_clips import forge_clip
from detectors.training.pairs import FAMILIES

_CRF = 23
_JITTER = 0.005  # of the face: what MTCNN landmarks of real clips stray by from a rigid motion (median of 49 clips)
_DONORS = 8


def forged(faces: Sequence[LocatedFace], donor: LocatedFace, family: Family, *, seed: int) -> Iterator[LocatedFace]:
    """Every face manipulated by one tool, whose mask trembles a little as its landmarks do."""
    for face in forge_clip(faces, donor, FAMILIES[family], seed=seed, jitter=_JITTER):
        yield face.with_pixels(h264(face.pixels, crf=_CRF))


def donor_for(face: LocatedFace, donors: PortraitFaces, *, seed: int) -> LocatedFace:
    """Of a few portraits the one that looks most the same way; none of the person of ``face`` if it can be."""
    among = np.random.default_rng(seed).integers(len(donors), size=_DONORS).tolist()
    return donors.closest_in_pose(face.landmarks, among, other_than=face.person)
