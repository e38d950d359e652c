"""What the networks of medics say about each face in, the scores of faces, of models and of a video out.

1 is *manipulated*, 0 is *genuine*.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.systems.footage import Compat

LOWEST, HIGHEST = 0.001, 0.999
_UNSURE = 0.5  # what the published pipeline says of what it could not assess


def score_of_clip(logits: ArrayLike) -> float:
    """How manipulated a face is to one network over clips.

    ``logits``: V x 2 for V views of one clip (as it is, and mirrored); class 0 is *manipulated*, class 1 *genuine*.
    The views are averaged as probabilities.
    """
    views = np.asarray(logits, dtype=np.float64)
    return float(1.0 - _sigmoid(views[:, 1] - views[:, 0]).mean())


def score_of_pictures(logits: ArrayLike) -> float:
    """How manipulated a face is to the network over pictures: the lower middle one of the scores of its n logits.

    Raises:
        ValueError: there is no picture.
    """
    scores = np.sort(_sigmoid(np.asarray(logits, dtype=np.float64).reshape(-1)))
    if not scores.size:
        raise ValueError("a face without pictures has no score")
    return float(scores[(scores.size - 1) // 2])


def mean_score(models: Sequence[float]) -> float:
    """The plain mean over models, kept off 0 and 1."""
    return float(np.clip(np.mean(models), LOWEST, HIGHEST))


def score_of_video(
    clip_models: Sequence[Sequence[float]], picture_model: Sequence[float], *, compat: Compat = "corrected"
) -> float | None:
    """The score of a video from the scores that each model gave to its faces; ``None`` when no model saw a face.

    ``clip_models``: for each network over clips the scores of all faces; ``picture_model``: the same for the network
    over pictures. A model's score is the mean over faces, the video's that over models, all alike.

    As published ("original"), a picture model's score of exactly 0 is taken for none, and nothing at all is one half.
    """
    models = [float(np.mean(faces)) for faces in clip_models if len(faces)]
    if len(picture_model):
        pictures = float(np.mean(picture_model))
        if compat == "corrected" or pictures:
            models.append(pictures)
    if not models:
        return _UNSURE if compat == "original" else None
    return mean_score(models)


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0.0, -logits))
