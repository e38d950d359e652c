"""The probabilities of all samples of a video in, its sharpened score out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.systems.footage import Compat

UNDECIDED = 0.5
_SHARPNESS = 0.65
_LOWEST, _HIGHEST = 0.01, 0.99
_LEAST_WEIGHT = 1e-4


def sharpened(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Probabilities moved away from one half: by the 0.65th power of their distance, within 0.01 and 0.99."""
    distance = np.asarray(probabilities, dtype=np.float64) - UNDECIDED
    return np.clip(UNDECIDED + np.sign(distance) * np.abs(distance) ** _SHARPNESS, _LOWEST, _HIGHEST)


def score_of(probabilities: ArrayLike) -> float:
    """The mean of the sharpened probabilities, each with the weight of its distance from one half (plus 0.0001).

    Every frame of every sequence and every single face counts as one, whichever track it is of, so one sure sample
    outweighs many undecided ones.

    Raises:
        ValueError: there are no probabilities.
    """
    every = np.asarray(probabilities, dtype=np.float64).ravel()
    if not every.size:
        raise ValueError("no samples have no score")
    return float(np.average(sharpened(every), weights=np.abs(every - UNDECIDED) + _LEAST_WEIGHT))


def video_score(probabilities: ArrayLike, *, compat: Compat = "corrected") -> float | None:
    """:func:`score_of` all samples of all tracks; of none ``None``, in the published pipeline (``original``) 0.5."""
    if np.size(probabilities):
        return score_of(probabilities)
    return UNDECIDED if compat == "original" else None
