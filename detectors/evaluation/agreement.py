"""The scores of several detectors on the same items in, how much they say the same out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from detectors.calibration import logit
from detectors.evaluation import metrics, resampled
from detectors.evaluation.bootstrap import as_figure, intervals
from detectors.evaluation.metrics import Floats, OneClassOnly
from detectors.evaluation.score_table import ScoreRow

MARKED = 0.7
_FEWEST_ITEMS = 3


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Pearson's and Spearman's correlation of each pair of detectors, ``None`` where not defined, and what they count.

    ``marked`` are the pairs whose Pearson's correlation is 0.7 or more either way; ``effective_number`` is that of
    detectors without anything in common that would say as much, ``None`` where a correlation is missing.
    """

    names: tuple[str, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    rank_correlations: tuple[tuple[float | None, ...], ...]
    items: tuple[tuple[int, ...], ...]
    marked: tuple[tuple[str, str], ...]
    effective_number: float | None


def agreement_of(scores: Mapping[str, Sequence[float | None]]) -> Agreement:
    """Correlations of the logits of probabilities (or of raw scores), over the items that both of a pair have scored.

    The effective number is (sum of eigenvalues)^2 / sum of squared eigenvalues of the matrix, which is n^2 / sum of
    squared correlations. Source: Bretherton et al. 1999, "The effective number of spatial degrees of freedom".
    """
    names = tuple(scores)
    values = {name: np.array([np.nan if one is None else logit(one) for one in scores[name]]) for name in names}
    pairs = [[_correlation(values[one], values[other], same=one == other) for other in names] for one in names]
    ranks = [
        [_correlation(values[one], values[other], same=one == other, ranks=True) for other in names] for one in names
    ]
    correlations, rank_correlations = (tuple(tuple(value for value, _ in row) for row in of) for of in (pairs, ranks))
    marked = tuple(
        (names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlations[i][j] or 0.0) >= MARKED
    )
    return Agreement(
        names=names,
        correlations=correlations,
        rank_correlations=rank_correlations,
        items=tuple(tuple(items for _, items in row) for row in pairs),
        marked=marked,
        effective_number=_effective_number(correlations),
    )


def gain_of(
    fusion: Sequence[ScoreRow], singles: Mapping[str, Sequence[ScoreRow]], *, rounds: int, seed: int = 0
) -> dict[str, Any] | None:
    """How much the fusion's area under the ROC curve exceeds that of the best single detector, on the same items.

    The best one is chosen by these very items, which favours it: the gain is rather too small than too large. Nothing
    where no detector shares items of both classes with the fusion.
    """
    paired = {name: _paired(fusion, rows) for name, rows in singles.items()}
    areas: dict[str, tuple[float, float]] = {}
    for name, pairs in paired.items():
        try:
            areas[name] = _areas(pairs)
        except OneClassOnly:
            continue
    if not areas:
        return None
    best = max(areas, key=lambda name: areas[name][1])
    pairs = paired[best]
    labels, together, alone = _columns(pairs)

    def gains(times: Floats) -> dict[str, Floats]:
        return {
            "gain": resampled.ranking(labels, together, times)["auc"] - resampled.ranking(labels, alone, times)["auc"]
        }

    found = intervals(gains, [one.source for one, _ in pairs], rounds=rounds, seed=seed)
    return {
        "best": best,
        "items": len(pairs),
        "auc_of_best": areas[best][1],
        "auc_of_fusion": areas[best][0],
        "gain": as_figure(areas[best][0] - areas[best][1], found.get("gain")),
    }


def _paired(fusion: Sequence[ScoreRow], single: Sequence[ScoreRow]) -> list[tuple[ScoreRow, ScoreRow]]:
    own = {row.path: row for row in single if row.ranked is not None}
    return [(row, own[row.path]) for row in fusion if row.ranked is not None and row.path in own]


def _columns(pairs: Sequence[tuple[ScoreRow, ScoreRow]]) -> tuple[np.ndarray, Floats, Floats]:
    labels = np.array([one.label for one, _ in pairs], dtype=int)
    together, alone = (np.array([pair[at].ranked for pair in pairs], dtype=np.float64) for at in (0, 1))
    return labels, together, alone


def _areas(pairs: Sequence[tuple[ScoreRow, ScoreRow]]) -> tuple[float, float]:
    labels, together, alone = _columns(pairs)
    return metrics.ranking(labels, together)["auc"], metrics.ranking(labels, alone)["auc"]


def _correlation(one: np.ndarray, other: np.ndarray, *, same: bool, ranks: bool = False) -> tuple[float | None, int]:
    both = ~(np.isnan(one) | np.isnan(other))
    items = int(both.sum())
    if items < _FEWEST_ITEMS or not (np.ptp(one[both]) > 0.0 and np.ptp(other[both]) > 0.0):
        return None, items
    if same:
        return 1.0, items
    x, y = (rankdata(values[both]) if ranks else values[both] for values in (one, other))
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0)), items


def _effective_number(correlations: Sequence[Sequence[float | None]]) -> float | None:
    every = [value for row in correlations for value in row]
    known = [value for value in every if value is not None]
    if not every or len(known) < len(every):
        return None
    return len(correlations) ** 2 / sum(value**2 for value in known)
