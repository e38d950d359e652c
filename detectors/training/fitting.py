"""Logits of genuine and manipulated items in; the calibration line and the two recommended thresholds out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from detectors.calibration import Calibration, fit_platt, sigmoid
from detectors.calibration.cross_fitting import FittedCalibration, LabelledScore, fit_best

__all__ = ["FittedCalibration", "LabelledScore", "fit_best", "fit_calibration", "limit_for", "probabilities"]

_VALID_DAYS = 365


def fit_calibration(
    genuine: Sequence[float], manipulated: Sequence[float], *, name: str, fitted_on: str, at: datetime
) -> Calibration:
    """Platt's line through pooled logits; it expires after a year. Raises ``ValueError`` when a class is empty."""
    raws = [sigmoid(logit) for logit in (*genuine, *manipulated)]
    a, b = fit_platt(raws, [False] * len(genuine) + [True] * len(manipulated))
    return Calibration(
        id=name,
        method="platt",
        a=round(a, 4),
        b=round(b, 4),
        prior=round(len(manipulated) / len(raws), 4),
        fitted_on=fitted_on,
        fitted_at=at,
        expires_at=at + timedelta(days=_VALID_DAYS),
        n_items=len(raws),
    )


def probabilities(calibration: Calibration, logits: Sequence[float]) -> list[float]:
    """Calibrated probabilities of pooled logits."""
    return [calibration.probability(sigmoid(logit)) for logit in logits]


def limit_for(genuine: Sequence[float], false_alarms: float) -> float:
    """The lowest limit (in hundredths) that at most this share of the genuine items reaches.

    Raises:
        ValueError: there are no items.
    """
    values = np.asarray(genuine)
    if not len(values):
        raise ValueError("a limit needs genuine items")
    limits = np.arange(0, 101) / 100.0
    shares = np.array([float(np.mean(values >= limit)) for limit in limits])
    fitting = limits[shares <= false_alarms]
    return float(fitting[0]) if len(fitting) else 1.0
