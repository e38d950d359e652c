"""The rows of files and of their re-encoded copies in; how often words, ranks and alarms change, out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from detectors.evaluation import metrics
from detectors.evaluation.bootstrap import intervals, shares
from detectors.evaluation.metrics import OneClassOnly
from detectors.evaluation.score_table import FUSION, ScoreRow

CALL, ALL_CLEAR = "likely_manipulated", "no_evidence_found"


def robustness_of(rows: Sequence[ScoreRow], *, rounds: int, seed: int = 0) -> dict[str, dict[str, Any]]:
    """For each variant and detector: against the same files as they are, over the files that have both.

    ``flips`` (fusion only) is the share of files whose verdict word changes, with its interval by source;
    ``reversals`` counts those that go from one end of the scale to the other.
    """
    items = [row for row in rows if row.level == "item"]
    plain = {(row.path, row.detector): row for row in items if not row.variant}
    names = tuple(dict.fromkeys(row.detector for row in items))
    return {
        variant: {
            name: _against(
                [row for row in items if (row.variant, row.detector) == (variant, name)], plain, rounds, seed
            )
            for name in names
        }
        for variant in dict.fromkeys(row.variant for row in items if row.variant)
    }


def _against(
    rows: Sequence[ScoreRow], plain: Mapping[tuple[str, str], ScoreRow], rounds: int, seed: int
) -> dict[str, Any]:
    pairs = [(plain[row.path, row.detector], row) for row in rows if (row.path, row.detector) in plain]
    both = [(before, after) for before, after in pairs if before.ranked is not None and after.ranked is not None]
    return {
        "files": len(pairs),
        "scored_in_both": len(both),
        "auc_before": _auc([before for before, _ in both]),
        "auc": _auc([after for _, after in both]),
        "mean_shift": _mean([_value(after) - _value(before) for before, after in both]),
        **(_words(pairs, rounds, seed) if rows and rows[0].detector == FUSION else {}),
    }


def _words(pairs: Sequence[tuple[ScoreRow, ScoreRow]], rounds: int, seed: int) -> dict[str, Any]:
    flips = np.array([before.verdict != after.verdict for before, after in pairs], dtype=np.float64)
    found = intervals(
        lambda times: {"flips": shares(flips, times)},
        [before.source for before, _ in pairs],
        rounds=rounds,
        seed=seed,
    ).get("flips")
    genuine = [after.verdict == CALL for _, after in pairs if after.label == 0]
    return {
        "flips": {
            "value": _mean(flips.tolist()),
            "low": found.low if found else None,
            "high": found.high if found else None,
        },
        "reversals": sum({before.verdict, after.verdict} == {CALL, ALL_CLEAR} for before, after in pairs),
        "genuine_called": _mean(genuine),
    }


def _value(row: ScoreRow) -> float:
    value = row.calibrated if row.calibrated is not None else row.raw
    return 0.0 if value is None else value


def _auc(rows: Sequence[ScoreRow]) -> float | None:
    scores = np.array([row.ranked for row in rows], dtype=np.float64)
    try:
        return metrics.ranking(np.array([row.label for row in rows], dtype=int), scores)["auc"]
    except OneClassOnly:
        return None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
