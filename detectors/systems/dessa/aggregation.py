"""The logits of single faces in, their probabilities, their decisions and the score of a video out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def probabilities(logits: ArrayLike) -> NDArray[np.float64]:
    """n x 2 logits (genuine, manipulated) in, n probabilities of *manipulated* out: the second of each softmax."""
    genuine, manipulated = np.asarray(logits, dtype=np.float64).reshape(-1, 2).T
    return np.exp(-np.logaddexp(0.0, genuine - manipulated))


def decisions(logits: ArrayLike) -> NDArray[np.bool_]:
    """The published verdict on each face, *manipulated* or not: the larger of its two logits, genuine if equal."""
    genuine, manipulated = np.asarray(logits, dtype=np.float64).reshape(-1, 2).T
    return manipulated > genuine


def video_score(logits: ArrayLike) -> float | None:
    """The mean probability over the faces of a video; ``None`` without faces. The choice is ours: none is published."""
    every = probabilities(logits)
    return float(every.mean()) if every.size else None
