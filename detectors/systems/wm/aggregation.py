"""The probabilities of wm's three networks in, the score of a face and that of a video out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.systems.footage import Compat

WEIGHTS: Mapping[str, float] = {"xception": 0.2, "wsdan_xception": 0.7, "wsdan_efficientnet_b3": 0.1}
UNDECIDED = 0.5


def face_scores(probabilities: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
    """The weighted mean of the members' probabilities of *manipulated*, face by face.

    Raises:
        KeyError: a member has none.
    """
    parts = [weight * np.asarray(probabilities[name], dtype=np.float64) for name, weight in WEIGHTS.items()]
    return np.sum(parts, axis=0)


def video_score(scores: ArrayLike, *, compat: Compat = "corrected") -> float | None:
    """The mean over the faces; ``None`` without a face, which the authors' submission answered with 0.5."""
    every = np.asarray(scores, dtype=np.float64)
    if every.size:
        return float(every.mean())
    return UNDECIDED if compat == "original" else None
