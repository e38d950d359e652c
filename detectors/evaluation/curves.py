"""Labels, scores and probabilities in; the points that the page draws out, few enough to be kept in a report."""

from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from detectors.evaluation import metrics
from detectors.evaluation.metrics import Floats, Labels, OneClassOnly

HISTOGRAM_BINS = 20
WORDS = {0: "genuine", 1: "manipulated"}
_MOST_POINTS = 400


def curves_of(
    labels: Labels, ranked: Floats, values: Floats, *, calibrated: bool, uncovered: int, threshold: float
) -> dict[str, Any]:
    """The curves of one detector over the items it covers; a curve that is not defined is empty.

    Args:
        labels: 1 for manipulated.
        ranked: the scores that rank.
        values: probabilities where ``calibrated``, else raw scores; what ``threshold`` is held against.
        uncovered: how many further items have no score.
    """
    coverage, risk = (
        metrics.risk_coverage(labels, values, uncovered=uncovered) if calibrated else (np.zeros(0), np.zeros(0))
    )
    edges = np.linspace(0.0, 1.0, HISTOGRAM_BINS + 1)
    return {
        "roc": _roc(labels, ranked),
        "precision_recall": _precision_recall(labels, ranked),
        "point": _point(labels, values >= threshold),
        "reliability": [asdict(one) for one in metrics.reliability(labels, values)]
        if calibrated and len(labels)
        else [],
        "risk_coverage": _thinned(coverage, risk),
        "histogram": {word: np.histogram(values[labels == label], edges)[0].tolist() for label, word in WORDS.items()},
    }


def _roc(labels: Labels, ranked: Floats) -> list[list[float]]:
    if not _has_both(labels):
        return []
    false_alarms, hits, _ = roc_curve(labels, ranked)
    return _thinned(false_alarms, hits)


def _precision_recall(labels: Labels, ranked: Floats) -> list[list[float]]:
    """Points (recall, precision) from the strictest threshold on."""
    if not _has_both(labels):
        return []
    precision, recall, _ = precision_recall_curve(labels, ranked)
    return _thinned(recall[::-1][1:], precision[::-1][1:])


def _point(labels: Labels, flagged: np.ndarray) -> dict[str, float | None] | None:
    """Where the threshold of the policy stands in both drawings."""
    if not _has_both(labels):
        return None
    found = metrics.decisions(labels, flagged)
    precision = found["precision"] if flagged.any() else None
    return {"false_alarms": found["false_alarm_rate"], "hits": found["recall"], "precision": precision}


def _has_both(labels: Labels) -> bool:
    try:
        metrics.require_both(labels)
    except OneClassOnly:
        return False
    return True


def _thinned(x: Floats, y: Floats) -> list[list[float]]:
    if not len(x):
        return []
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).astype(int))
    return np.round(np.stack([x[kept], y[kept]], axis=1), 6).tolist()
