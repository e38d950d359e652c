"""The probabilities that each network gives to each face in, the score of the video out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.pooling import confident
from detectors.systems.footage import Compat

UNDECIDED = 0.5


def video_score(members: Sequence[NDArray[np.floating]], *, compat: Compat = "corrected") -> float | None:
    """The mean over the networks of what the confident strategy makes of each one's probabilities (one per face).

    ``None`` without faces. The original says 0.5 then, and for a single face too, where its code failed.
    """
    faces = {len(probabilities) for probabilities in members}
    if len(faces) != 1:
        raise ValueError(f"every network scores the same faces, got {sorted(faces)} of them")
    (count,) = faces
    if compat == "original" and count < 2:
        return UNDECIDED
    return float(np.mean([confident(probabilities) for probabilities in members])) if count else None
