"""The raw scores of one face track's clips in, one raw score of the track out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from detectors.calibration import pooled
from detectors.detector import Pooling

_SURELY_MANIPULATED = 0.8
_SURELY_GENUINE = 0.2
_FEWEST_SURE = 12
_SHARE_OF_SURE = 2.5
_NEARLY_ALL = 0.9


def pool(raw: Sequence[float], how: Pooling) -> float:
    """The raw score of a track from the raw scores of its clips, 0 (genuine) to 1 (manipulated).

    ``mean_logit`` is the sigmoid of the mean logit, ``mean`` the plain mean, ``confident`` is :func:`confident`.

    Raises:
        ValueError: there are no scores.
    """
    if not len(raw):
        raise ValueError("a track without scored clips has no pooled score")
    return _RULES[how](np.asarray(raw, dtype=np.float64))


def confident(probabilities: ArrayLike) -> float:
    """The mean of the sure ones if there are enough of them, else the mean of all.

    At least 12 probabilities above 0.8 that are also more than ``floor(n / 2.5)``: the mean of those above 0.8. Else,
    if more than nine tenths lie below 0.2, the mean of those. It is worked out in the precision of what comes in.

    Source: the strategy of the winning solution of the DFDC, selimsef/dfdc_deepfake_challenge.

    Raises:
        ValueError: there are no probabilities.
    """
    every = np.asarray(probabilities)
    if not every.size:
        raise ValueError("no probabilities have no mean")
    manipulated, genuine = every > _SURELY_MANIPULATED, every < _SURELY_GENUINE
    sure = np.count_nonzero(manipulated)
    if sure >= _FEWEST_SURE and sure > every.size // _SHARE_OF_SURE:
        return float(every[manipulated].mean())
    if np.count_nonzero(genuine) > _NEARLY_ALL * every.size:
        return float(every[genuine].mean())
    return float(every.mean())


_RULES: Mapping[Pooling, Callable[[np.ndarray], float]] = {
    "mean_logit": pooled,
    "mean": lambda raw: float(raw.mean()),
    "confident": confident,
}
