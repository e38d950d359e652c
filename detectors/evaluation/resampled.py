"""Labels, scores and many resamples of the items in; the metrics of every resample out, all worked out at once.

A resample is a row of ``times``: how often each item is in it. The numbers are those that ``metrics`` gives for the
items repeated as often; resamples without both classes give NaN.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.evaluation.metrics import (
    ECE_BINS,
    FALSE_ALARMS,
    FALSE_ALARMS_OF_PARTIAL_AREA,
    HITS_ASKED,
    LOG_LOSS_CLIPS,
    PREVALENCES,
    Floats,
    Labels,
    hit_rate_name,
    precision_name,
)


def ranking(labels: Labels, scores: Floats, times: Floats) -> dict[str, Floats]:
    """``metrics.ranking`` of each resample."""
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.append(np.diff(scores[order]) != 0.0, True))
    manipulated = np.cumsum(times[:, order] * labels[order], axis=1)[:, last_of_ties]
    genuine = np.cumsum(times[:, order] * (1 - labels[order]), axis=1)[:, last_of_ties]
    hits, false_alarms = (
        _from_zero(_ratio(manipulated, manipulated[:, -1:])),
        _from_zero(_ratio(genuine, genuine[:, -1:])),
    )
    precision = np.nan_to_num(_ratio(manipulated, manipulated + genuine))
    found = {
        "auc": np.sum(np.diff(false_alarms) * (hits[:, 1:] + hits[:, :-1]) / 2.0, axis=1),
        "partial_auc": _partial_areas(false_alarms, hits),
        "ap": np.sum(np.diff(hits) * precision, axis=1),
        "eer": _equal_error_rates(false_alarms, hits),
        "fpr_at_tpr_90": np.min(np.where(hits >= HITS_ASKED - 1e-12, false_alarms, 1.0), axis=1),
    }
    for limit in FALSE_ALARMS:
        found[hit_rate_name(limit)] = np.max(np.where(false_alarms <= limit + 1e-12, hits, 0.0), axis=1)
    return _defined(found, labels, times)


def decisions(labels: Labels, flagged: NDArray[np.bool_], times: Floats) -> dict[str, Floats]:
    """``metrics.decisions`` of each resample."""
    caught, missed = times @ (flagged & (labels == 1)), times @ (~flagged & (labels == 1))
    alarms, passed = times @ (flagged & (labels == 0)), times @ (~flagged & (labels == 0))
    hit_rate, alarm_rate = _ratio(caught, caught + missed), _ratio(alarms, alarms + passed)
    found = {
        "false_alarm_rate": alarm_rate,
        "accuracy": _ratio(caught + passed, caught + missed + alarms + passed),
        "balanced_accuracy": (hit_rate + 1.0 - alarm_rate) / 2.0,
        "precision": np.nan_to_num(_ratio(caught, caught + alarms)),
        "recall": hit_rate,
        "f1": np.nan_to_num(_ratio(2.0 * caught, 2.0 * caught + alarms + missed)),
    }
    for share in PREVALENCES:
        true, false = share * hit_rate, (1.0 - share) * alarm_rate
        found[precision_name(share)] = np.nan_to_num(_ratio(true, true + false))
    return _defined(found, labels, times)


def honesty(labels: Labels, probabilities: Floats, times: Floats) -> dict[str, Floats]:
    """``metrics.honesty`` of each resample."""
    total = times.sum(axis=1)
    found = {
        **{name: _ratio(times @ _losses(labels, probabilities, clip), total) for name, clip in LOG_LOSS_CLIPS.items()},
        "brier": _ratio(times @ (probabilities - labels) ** 2, total),
        "ece": _ratio(_calibration_gaps(labels, probabilities, times), total),
        "aurc": _areas_under_risk(labels, probabilities, times),
    }
    return _defined(found, labels, times)


def _losses(labels: Labels, probabilities: Floats, clip: float) -> Floats:
    kept = np.clip(probabilities, clip, 1.0 - clip)
    return -np.where(labels == 1, np.log(kept), np.log1p(-kept))


def _areas_under_risk(labels: Labels, probabilities: Floats, times: Floats) -> Floats:
    """``metrics.area_under_risk``: answers are added from the surest on, equally sure ones together."""
    wrong = (probabilities >= 0.5).astype(int) != labels
    sure = np.round(np.abs(probabilities - 0.5), 12)
    order = np.argsort(-sure, kind="stable")
    last_of_ties = np.flatnonzero(np.append(np.diff(sure[order]) != 0.0, True))
    answers = np.cumsum(times[:, order], axis=1)[:, last_of_ties]
    errors = np.cumsum(times[:, order] * wrong[order], axis=1)[:, last_of_ties]
    steps = np.diff(_from_zero(answers), axis=1)
    return _ratio(np.sum(steps * np.nan_to_num(_ratio(errors, answers)), axis=1), answers[:, -1])


def _calibration_gaps(labels: Labels, probabilities: Floats, times: Floats) -> Floats:
    values, group = np.unique(probabilities, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(values)))
    items = np.add.reduceat(times[:, order], starts, axis=1)
    manipulated = np.add.reduceat((times * labels)[:, order], starts, axis=1)
    before = np.cumsum(items, axis=1) - items
    number = np.minimum((ECE_BINS * before / items.sum(axis=1, keepdims=True)).astype(int), ECE_BINS - 1)
    apart = items * values - manipulated
    return np.sum([np.abs(np.sum(apart * (number == one), axis=1)) for one in range(ECE_BINS)], axis=0)


def _partial_areas(false_alarms: Floats, hits: Floats) -> Floats:
    """McClish's standardised area up to the limit; a segment that crosses it counts up to there."""
    limit = FALSE_ALARMS_OF_PARTIAL_AREA
    widths = np.diff(np.minimum(false_alarms, limit), axis=1)
    within = np.nan_to_num(_ratio(widths, np.diff(false_alarms, axis=1)))
    heights = hits[:, :-1] + np.diff(hits, axis=1) * within / 2.0
    least = limit**2 / 2.0
    return (1.0 + (np.sum(widths * heights, axis=1) - least) / (limit - least)) / 2.0


def _equal_error_rates(false_alarms: Floats, hits: Floats) -> Floats:
    gap = false_alarms + hits - 1.0
    rows, after = np.arange(len(gap)), np.argmax(gap >= 0.0, axis=1)
    share = _ratio(-gap[rows, after - 1], gap[rows, after] - gap[rows, after - 1])
    return false_alarms[rows, after - 1] + share * (false_alarms[rows, after] - false_alarms[rows, after - 1])


def _from_zero(rates: Floats) -> Floats:
    return np.concatenate((np.zeros((len(rates), 1)), rates), axis=1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole != 0.0)


def _defined(found: dict[str, Floats], labels: Labels, times: Floats) -> dict[str, Floats]:
    both = (times @ (labels == 0) > 0.0) & (times @ (labels == 1) > 0.0)
    return {name: np.where(both, values, np.nan) for name, values in found.items()}
