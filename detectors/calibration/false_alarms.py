"""Calibrated scores of genuine items in, the lowest limit that keeps a wanted false-alarm rate out, with its bound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from detectors.calibration.curves import Floats

CONFIDENCE = 0.95
_STEPS = 1000  # limits are thousandths


class FalseAlarms(BaseModel):
    """A limit on the probability and how many genuine items reach it.

    With ``bound`` the true rate is no higher at 95 % confidence; it rests on ``effective_items``, which are fewer than
    ``items`` where the copies of one clip resemble each other. ``hits`` is the share of manipulated items that reach
    the limit. A limit above 1 would be needed where ``reachable`` is false: the detector can then never call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: float
    wanted: float
    measured: float
    bound: float
    items: int
    sources: int
    effective_items: float
    hits: float
    reachable: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Alarming:
    """What limits are chosen on: probabilities of genuine items with their sources, and of manipulated ones."""

    genuine: Floats
    sources: Sequence[str]
    manipulated: Floats

    def at(self, wanted: float) -> FalseAlarms:
        """The lowest limit that at most this share of the genuine items reaches. Raises ``ValueError`` without any."""
        if not len(self.genuine):
            raise ValueError("a limit needs genuine items")
        limits = np.arange(_STEPS + 1) / _STEPS
        shares = np.array([np.mean(self.genuine >= limit) for limit in limits])
        fitting = np.flatnonzero(shares <= wanted)
        place = int(fitting[0]) if len(fitting) else _STEPS
        effective = effective_items(self.genuine, self.sources)
        return FalseAlarms(
            limit=float(limits[place]),
            wanted=wanted,
            measured=float(shares[place]),
            bound=upper_bound(float(shares[place]), effective),
            items=len(self.genuine),
            sources=len(set(self.sources)),
            effective_items=round(effective, 1),
            hits=float(np.mean(self.manipulated >= limits[place])) if len(self.manipulated) else 0.0,
            reachable=bool(limits[place] <= self.highest),
        )

    @property
    def highest(self) -> float:
        """The highest probability of any item."""
        return float(max(self.genuine.max(initial=0.0), self.manipulated.max(initial=0.0)))


def upper_bound(share: float, n: float, *, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper limit of Clopper and Pearson for a share of ``n`` items; ``n`` may be an effective number.

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the
    binomial"; with effective numbers as in Korn and Graubard 1998, "Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data".

    Raises:
        ValueError: the share is none, or there are no items.
    """
    from scipy.stats import beta

    if not 0.0 <= share <= 1.0 or n <= 0.0:
        raise ValueError(f"a bound needs a share of some items, got {share} of {n}")
    alarms = share * n
    return 1.0 if share == 1.0 else float(beta.ppf(confidence, alarms + 1.0, n - alarms))


def effective_items(values: Floats, sources: Sequence[str]) -> float:
    """How many independent items these are worth: ``n / (1 + (m - 1) * r)``, never more than n nor less than sources.

    ``r`` is the intraclass correlation of the values (one-way analysis of variance), ``m`` the mean size of a source,
    weighted by its items. Source: Kish 1965, "Survey sampling", section 5.4.
    """
    names, source_of = np.unique(np.asarray(sources, dtype=str), return_inverse=True)
    n, k = len(values), len(names)
    if k == n or k < 2:
        return float(k)
    sizes = np.bincount(source_of)
    means = np.bincount(source_of, weights=values) / sizes
    between = float(np.sum(sizes * (means - values.mean()) ** 2)) / (k - 1)
    within = float(np.sum((values - means[source_of]) ** 2)) / (n - k)
    size = (n - float(np.sum(sizes**2)) / n) / (k - 1)
    total = between + (size - 1.0) * within
    alike = min(1.0, max(0.0, (between - within) / total)) if total > 0.0 else 1.0
    weighted_size = float(np.sum(sizes**2)) / n
    return min(float(n), max(float(k), n / (1.0 + (weighted_size - 1.0) * alike)))
