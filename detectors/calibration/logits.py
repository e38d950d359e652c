"""Raw scores in, logits out and back: the scale on which clips are pooled and curves are fitted."""

import math
from collections.abc import Iterable

_LEAST = 1e-6


def logit(raw: float) -> float:
    """The logit of ``raw``, which is first kept away from 0 and 1 by one millionth."""
    kept = min(max(raw, _LEAST), 1.0 - _LEAST)
    return math.log(kept / (1.0 - kept))


def sigmoid(value: float) -> float:
    """The logistic function, safe for any finite ``value``."""
    if value >= 0.0:
        return 1.0 / (1.0 + math.exp(-value))
    return math.exp(value) / (1.0 + math.exp(value))


def pooled(raw_scores: Iterable[float]) -> float:
    """The raw score of a track: the sigmoid of the mean logit of its clips. Raises ``ValueError`` without clips."""
    logits = [logit(raw) for raw in raw_scores]
    if not logits:
        raise ValueError("a track without scored clips has no pooled score")
    return sigmoid(math.fsum(logits) / len(logits))
