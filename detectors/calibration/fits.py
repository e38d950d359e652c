"""Scores of items of known truth in, the most likely curve of each kind out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.curves import Curve, Floats, Method
from detectors.calibration.logits import logit

_STEPS = 100
_DIGITS = 6
Truths = NDArray[np.bool_]


class OneClassMissing(ValueError):
    """A curve cannot be fitted, because all items are genuine or all are manipulated."""


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
    targets = _targets(x, np.array(manipulated, dtype=bool))
    return _platt(x, targets)


def fit_curve(method: Method, raw_logits: Floats, manipulated: Truths) -> Curve:
    """The curve of this kind that makes the truths most likely; ``raw_logits`` are of pooled scores, one per item.

    Every kind is fitted to Platt's softened targets, so that separated classes give no infinite slope and no
    probability of 0 or 1, and none falls: where the scores rank the wrong way round the curve is flat.

    Raises:
        OneClassMissing: a class is missing.
        ValueError: the two arrays differ in length.
    """
    targets = _targets(raw_logits, manipulated)
    if method == "none":
        return Curve(method="none")
    if method == "temperature":
        (a,) = _most_likely(raw_logits[:, None], targets, np.zeros(1))
        return Curve(method="temperature", a=_rounded(max(a, 0.0)))
    if method == "platt":
        a, b = _platt(raw_logits, targets)
        return Curve(method="platt", a=_rounded(a), b=_rounded(b))
    if method == "beta":
        a, c, b = _beta(raw_logits, targets)
        return Curve(method="beta", a=_rounded(a), b=_rounded(b), c=_rounded(c))
    return Curve(method="isotonic", knots=_isotonic(raw_logits, targets))


def _targets(x: Floats, labels: Truths) -> Floats:
    n_manipulated, n_genuine = int(labels.sum()), int((~labels).sum())
    if len(x) != len(labels):
        raise ValueError(f"{len(x)} scores, but {len(labels)} truths")
    if not n_manipulated or not n_genuine:
        raise OneClassMissing(
            f"a fit needs both classes, got {n_manipulated} manipulated and {n_genuine} genuine items"
        )
    return np.where(labels, (n_manipulated + 1) / (n_manipulated + 2), 1 / (n_genuine + 2))


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _platt(x: Floats, targets: Floats) -> tuple[float, float]:
    level = logit(float(targets.mean()))
    a, b = _most_likely(np.stack([x, np.ones_like(x)], axis=1), targets, np.array([0.0, level]))
    return (float(a), float(b)) if a > 0.0 else (0.0, level)


def _beta(x: Floats, targets: Floats) -> tuple[float, float, float]:
    """Slopes of ``ln(raw)`` and ``-ln(1 - raw)``, and the shift; a slope that comes out negative is left out."""
    columns = {0: -np.logaddexp(0.0, -x), 1: np.logaddexp(0.0, x)}
    level = logit(float(targets.mean()))
    while columns:
        design = np.stack([*columns.values(), np.ones_like(x)], axis=1)
        found = _most_likely(design, targets, np.array([*([0.0] * len(columns)), level]))
        slopes = dict(zip(columns, found[:-1], strict=True))
        falling = min(slopes, key=lambda column: slopes[column])
        if slopes[falling] >= 0.0:
            return float(slopes.get(0, 0.0)), float(slopes.get(1, 0.0)), float(found[-1])
        del columns[falling]
    return 0.0, 0.0, level


def _isotonic(x: Floats, targets: Floats) -> tuple[tuple[float, float], ...]:
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(increasing=True).fit(x, targets)
    at, shares = np.round(fit.X_thresholds_, _DIGITS), np.asarray(fit.y_thresholds_)
    kept = np.append(True, np.diff(at) > 0.0)  # neighbours that rounding made equal count once
    values = np.round([logit(share) for share in shares[kept].tolist()], _DIGITS)
    return tuple(zip(at[kept].tolist(), np.maximum.accumulate(values).tolist(), strict=True))


def _most_likely(design: Floats, targets: Floats, line: Floats) -> Floats:
    """The coefficients of a logistic regression on ``design`` (items x columns), by Newton steps from ``line``."""
    loss = _loss(design @ line, targets)
    ridge = 1e-9 * np.eye(design.shape[1])
    for _ in range(_STEPS):
        p = 0.5 * (1.0 + np.tanh(design @ line / 2.0))  # the logistic function, without overflow
        gradient = design.T @ (p - targets)
        hessian = design.T @ (design * (p * (1.0 - p))[:, None]) + ridge
        step = np.linalg.solve(hessian, gradient)
        shrink = 1.0
        while shrink > 1e-8 and _loss(design @ (line - shrink * step), targets) > loss:
            shrink /= 2
        line = line - shrink * step
        loss = _loss(design @ line, targets)
        if float(np.abs(shrink * step).max()) < 1e-9:
            break
    return line


def _loss(logits: Floats, targets: Floats) -> float:
    return float(np.sum(np.logaddexp(0.0, logits) - targets * logits))
