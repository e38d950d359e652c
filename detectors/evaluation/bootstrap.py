"""Items with their sources in, 95 % intervals of any figures out: whole sources are drawn again, never single items."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.evaluation.metrics import Floats

_LEAST_SHARE = 0.5
_MOST_CELLS = 2_000_000  # of one block of resamples, so that clips by the million fit into memory


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The 2.5 % and 97.5 % quantiles of a figure over ``rounds`` resamples in which it was defined."""

    low: float
    high: float
    rounds: int


def resamples(sources: Sequence[str], *, rounds: int, seed: int = 0) -> Iterator[Floats]:
    """How often each item is in a resample of whole sources with replacement; ``rounds`` rows, a block at a time.

    Items of one source resemble each other: what is new in them is less than their number says, and resamples of
    single items would pretend otherwise. Source: Davison and Hinkley 1997, "Bootstrap methods and their application",
    section 3.8.
    """
    names, source_of = np.unique(np.asarray(sources, dtype=str), return_inverse=True)
    draws = np.random.default_rng(seed)
    block = max(1, _MOST_CELLS // max(1, len(sources)))
    for start in range(0, rounds, block):
        picks = draws.integers(len(names), size=(min(block, rounds - start), len(names)))
        times = np.stack([np.bincount(pick, minlength=len(names)) for pick in picks])
        yield times[:, source_of].astype(np.float64)


def intervals(
    figures: Callable[[Floats], Mapping[str, Floats]], sources: Sequence[str], *, rounds: int, seed: int = 0
) -> dict[str, Interval]:
    """The interval of each figure; ``figures`` gives one value per row of resamples, NaN where it is not defined.

    A figure has no interval where fewer than two sources are there, or where fewer than half of the resamples define
    it.
    """
    if len(set(sources)) < 2:
        return {}
    found: dict[str, list[Floats]] = defaultdict(list)
    for times in resamples(sources, rounds=rounds, seed=seed):
        for name, values in figures(times).items():
            found[name].append(values)
    kept = {name: (values := np.concatenate(blocks))[~np.isnan(values)] for name, blocks in found.items()}
    return {name: _interval(values) for name, values in kept.items() if len(values) >= _LEAST_SHARE * rounds}


def _interval(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(low=float(low), high=float(high), rounds=len(values))


def as_figure(value: float | None, interval: Interval | None) -> dict[str, float | None]:
    """A number and its limits, as a report has them."""
    return {
        "value": value,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def share_of(flags: Sequence[bool], sources: Sequence[str], *, rounds: int, seed: int = 0) -> dict[str, Any]:
    """The share of flagged items with its limits, and the two counts; without items it is no number."""
    values = np.array(flags, dtype=np.float64)
    found = intervals(lambda times: {"share": _shares(values, times)}, sources, rounds=rounds, seed=seed)
    value = float(values.mean()) if len(values) else None
    return {**as_figure(value, found.get("share")), "count": int(values.sum()), "of": len(flags)}


def _shares(flags: Floats, times: Floats) -> Floats:
    return times @ flags / times.sum(axis=1)
