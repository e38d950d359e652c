"""Raw scores in, probabilities out: one fitted line on the logit scale, applied after a track's clips are pooled."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

_LEAST = 1e-6
_STEPS = 100


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


class Calibration(BaseModel):
    """How a detector's pooled raw scores become probabilities: ``sigmoid(a * logit(raw) + b)``.

    ``prior`` is the share of manipulated items among the ``n_items`` it was fitted on. After ``expires_at`` the fit is
    too old to be believed without a new look. ``weights_sha256`` names the weights whose scores it was fitted on; the
    scores of others are not calibrated by it. Weights that the card pins need not be named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    method: Literal["platt", "temperature", "none"]
    a: float = Field(1.0, ge=0.0, allow_inf_nan=False)
    b: float = Field(0.0, allow_inf_nan=False)
    prior: float = Field(gt=0.0, lt=1.0)
    fitted_on: str
    fitted_at: AwareDatetime
    expires_at: AwareDatetime
    n_items: NonNegativeInt
    weights_sha256: str | None = None

    @model_validator(mode="after")
    def _numbers_fit_the_method(self) -> "Calibration":
        if self.method != "platt" and self.b != 0.0:
            raise ValueError(f"{self.method} has no shift, got b = {self.b}")
        if self.method == "none" and self.a != 1.0:
            raise ValueError(f"no calibration has slope 1, got a = {self.a}")
        return self

    def probability(self, raw: float) -> float:
        """The calibrated probability of manipulation of a pooled raw score; rises (or stays flat) with ``raw``."""
        return sigmoid(self.a * logit(raw) + self.b)


def fit_platt(raw_scores: Sequence[float], manipulated: Sequence[bool]) -> tuple[float, float]:
    """Slope and shift ``(a, b)`` that make ``sigmoid(a * logit(raw) + b)`` most likely, with Platt's softened targets.

    A slope that comes out below zero means that the scores rank the wrong way round; the fit is then flat (0) at the
    share of manipulated items, so that such a detector says nothing instead of the opposite.

    Source: Platt 1999, "Probabilistic outputs for support vector machines", targets as in its section 2.2; Newton
    steps with halving as in Lin, Lin and Weng 2007.

    Raises:
        ValueError: a class is missing, or the two sequences differ in length.
    """
    x = np.array([logit(raw) for raw in raw_scores])
    labels = np.array(manipulated, dtype=bool)
    n_manipulated, n_genuine = int(labels.sum()), int((~labels).sum())
    if len(x) != len(labels) or not n_manipulated or not n_genuine:
        raise ValueError(f"a fit needs both classes, got {n_manipulated} manipulated and {n_genuine} genuine items")
    targets = np.where(labels, (n_manipulated + 1) / (n_manipulated + 2), 1 / (n_genuine + 2))
    a, b = _most_likely_line(x, targets)
    return (a, b) if a > 0.0 else (0.0, logit(float(targets.mean())))


def _most_likely_line(x: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    design = np.stack([x, np.ones_like(x)], axis=1)
    line = np.array([0.0, logit(float(targets.mean()))])
    loss = _loss(design @ line, targets)
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-design @ line))
        gradient = design.T @ (p - targets)
        hessian = design.T @ (design * (p * (1.0 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        shrink = 1.0
        while shrink > 1e-8 and _loss(design @ (line - shrink * step), targets) > loss:
            shrink /= 2
        line = line - shrink * step
        loss = _loss(design @ line, targets)
        if float(np.abs(shrink * step).max()) < 1e-9:
            break
    return float(line[0]), float(line[1])


def _loss(logits: np.ndarray, targets: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0.0, logits) - targets * logits))
