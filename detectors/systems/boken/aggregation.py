"""The probabilities that each network gives to each face in, the score of the video out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.systems.footage import Compat

UNDECIDED = 0.5
LOWEST, HIGHEST = 0.01, 0.99


def video_score(members: Sequence[NDArray[np.floating]], *, compat: Compat = "corrected") -> float | None:
    """The mean over the networks of each one's mean over the faces, kept within 0.01 and 0.99.

    ``None`` without faces; the original says 0.5 then.
    """
    faces = {len(probabilities) for probabilities in members}
    if len(faces) != 1:
        raise ValueError(f"every network scores the same faces, got {sorted(faces)} of them")
    if faces == {0}:
        return UNDECIDED if compat == "original" else None
    return min(max(float(np.mean([probabilities.mean() for probabilities in members])), LOWEST), HIGHEST)
