"""The rows of files and of their altered copies in; how alarms, ranks and words change, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.evaluation import metrics
from detectors.evaluation.adequacy import shortage
from detectors.evaluation.metrics import OneClassOnly, hit_rate_name
from detectors.evaluation.score_table import FUSION, ScoreRow, are_calibrated
from detectors.evaluation.summary import Rules

CALL, ALL_CLEAR = "likely_manipulated", "no_evidence_found"
AT_ONE_PERCENT = hit_rate_name(0.01)
Pairs = Sequence[tuple[ScoreRow, ScoreRow]]


def robustness_of(rows: Sequence[ScoreRow], rules: Rules) -> dict[str, dict[str, Any]]:
    """For each variant and detector: against the same files as they are, over the files that have both.

    ``false_alarms`` is the share of the copies of genuine files that reach the threshold, ``false_alarms_before`` that
    of the files themselves. ``flips`` is the share of files that change sides: the word of the verdict for the fusion,
    the side of the threshold for a detector. ``reversals`` counts verdicts that go from one end of the scale to the
    other, ``genuine_called`` is the share of the genuine copies whose verdict is *likely manipulated*.
    """
    items = [row for row in rows if row.level == "item"]
    plain = {(row.path, row.detector): row for row in items if not row.variant}
    names = tuple(dict.fromkeys(row.detector for row in items))
    variants = tuple(dict.fromkeys(row.variant for row in items if row.variant))
    of: dict[tuple[str, str], list[tuple[ScoreRow, ScoreRow]]] = {}
    for row in items:
        if row.variant and (row.path, row.detector) in plain:
            of.setdefault((row.variant, row.detector), []).append((plain[row.path, row.detector], row))
    scales = {name: _scale([row for row in items if row.detector == name], name, rules) for name in names}
    return {
        variant: {name: _against(of.get((variant, name), []), name, scales[name], rules) for name in names}
        for variant in variants
    }


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """On what all scores of one detector are read: probabilities where ``calibrated``, and its threshold."""

    calibrated: bool
    threshold: float

    def value(self, row: ScoreRow) -> float | None:
        return row.held(calibrated=self.calibrated)

    def reached(self, row: ScoreRow) -> bool:
        return (self.value(row) or 0.0) >= self.threshold


def _scale(rows: Sequence[ScoreRow], name: str, rules: Rules) -> _Scale:
    calibrated = are_calibrated(rows, name)
    return _Scale(calibrated=calibrated, threshold=rules.threshold(name, calibrated=calibrated))


def _against(pairs: Pairs, name: str, scale: _Scale, rules: Rules) -> dict[str, Any]:
    both = [pair for pair in pairs if all(scale.value(row) is not None for row in pair)]
    genuine = [pair for pair in both if pair[0].label == 0]
    before, after = [one for one, _ in both], [other for _, other in both]
    return {
        "files": len(pairs),
        "genuine_files": sum(one.label == 0 for one, _ in pairs),
        "scored_in_both": len(both),
        "false_alarms": _share([scale.reached(other) for _, other in genuine], genuine, rules),
        "false_alarms_before": _mean([scale.reached(one) for one, _ in genuine]),
        "auc_before": _ranking(before).get("auc"),
        "auc": _ranking(after).get("auc"),
        AT_ONE_PERCENT: _ranking(after).get(AT_ONE_PERCENT),
        "note": _note(after),
        "mean_shift": _mean([(scale.value(other) or 0.0) - (scale.value(one) or 0.0) for one, other in both]),
        **(_words(pairs, rules) if name == FUSION else _sides(both, scale, rules)),
    }


def _sides(both: Pairs, scale: _Scale, rules: Rules) -> dict[str, Any]:
    return {"flips": _share([scale.reached(one) != scale.reached(other) for one, other in both], both, rules)}


def _words(pairs: Pairs, rules: Rules) -> dict[str, Any]:
    genuine = [pair for pair in pairs if pair[0].label == 0]
    return {
        "flips": _share([before.verdict != after.verdict for before, after in pairs], pairs, rules),
        "reversals": sum({before.verdict, after.verdict} == {CALL, ALL_CLEAR} for before, after in pairs),
        "genuine_called": _share([after.verdict == CALL for _, after in genuine], genuine, rules),
    }


def _share(flags: Sequence[bool], pairs: Pairs, rules: Rules) -> dict[str, Any]:
    return rules.share(flags, [before for before, _ in pairs])


def _ranking(rows: Sequence[ScoreRow]) -> dict[str, float | None]:
    """The area under the ROC curve and the hit rate at 1 % false alarms, where the rows can tell them."""
    labels = np.array([row.label for row in rows], dtype=int)
    try:
        found = metrics.ranking(labels, np.array([row.ranked for row in rows], dtype=np.float64))
    except OneClassOnly:
        return {}
    return {"auc": found["auc"], AT_ONE_PERCENT: None if _note(rows) else found[AT_ONE_PERCENT]}


def _note(rows: Sequence[ScoreRow]) -> str | None:
    genuine = sum(row.label == 0 for row in rows)
    return shortage(AT_ONE_PERCENT, genuine=genuine, manipulated=len(rows) - genuine, false_alarms=0, hits=0)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
