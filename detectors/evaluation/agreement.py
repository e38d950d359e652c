"""The scores of several detectors on the same items in, how much they say the same out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.calibration import logit

MARKED = 0.7
_FEWEST_ITEMS = 3


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Pearson's correlation of each pair of detectors, ``None`` where it is not defined, and what they count for.

    ``marked`` are the pairs whose correlation is 0.7 or more either way; ``effective_number`` is that of detectors
    without anything in common that would say as much, ``None`` where a correlation is missing.
    """

    names: tuple[str, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    items: tuple[tuple[int, ...], ...]
    marked: tuple[tuple[str, str], ...]
    effective_number: float | None


def agreement_of(scores: Mapping[str, Sequence[float | None]]) -> Agreement:
    """Correlations of the logits of raw scores, over the items that both detectors of a pair have scored.

    The effective number is (sum of eigenvalues)^2 / sum of squared eigenvalues of the matrix, which is n^2 / sum of
    squared correlations. Source: Bretherton et al. 1999, "The effective number of spatial degrees of freedom".
    """
    names = tuple(scores)
    values = {name: np.array([np.nan if one is None else logit(one) for one in scores[name]]) for name in names}
    pairs = [[_correlation(values[one], values[other], same=one == other) for other in names] for one in names]
    correlations = tuple(tuple(value for value, _ in row) for row in pairs)
    marked = tuple(
        (names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlations[i][j] or 0.0) >= MARKED
    )
    return Agreement(
        names=names,
        correlations=correlations,
        items=tuple(tuple(items for _, items in row) for row in pairs),
        marked=marked,
        effective_number=_effective_number(correlations),
    )


def _correlation(one: np.ndarray, other: np.ndarray, *, same: bool) -> tuple[float | None, int]:
    both = ~(np.isnan(one) | np.isnan(other))
    items = int(both.sum())
    if items < _FEWEST_ITEMS or not (np.ptp(one[both]) > 0.0 and np.ptp(other[both]) > 0.0):
        return None, items
    return (1.0 if same else float(np.clip(np.corrcoef(one[both], other[both])[0, 1], -1.0, 1.0))), items


def _effective_number(correlations: Sequence[Sequence[float | None]]) -> float | None:
    every = [value for row in correlations for value in row]
    known = [value for value in every if value is not None]
    if not every or len(known) < len(every):
        return None
    return len(correlations) ** 2 / sum(value**2 for value in known)
