"""The text of a metrics page in, the values of our series out; and what two looks at one page tell together."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

_OURS = ("telltale_", "process_")
_LEAST_GAP_S = 1e-3


@dataclass(frozen=True, slots=True)
class Series:
    """One name with its labels, as ``(name, value)`` pairs in alphabetical order."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def label(self, name: str) -> str | None:
        return dict(self.labels).get(name)

    def is_of(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether this series has the name and at least these labels."""
        return self.name == name and all(self.label(key) == value for key, value in labels.items())


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the metrics page of a process: when (seconds since 1970) and every value of ours on it."""

    at_s: float
    values: Mapping[Series, float]

    def total(self, name: str, **labels: str) -> float | None:
        """The sum of all series of that name with these labels; nothing where there is none."""
        found = [value for series, value in self.values.items() if series.is_of(name, labels)]
        return sum(found) if found else None

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """The sums of the series of that name, by one of their labels."""
        sums: dict[str, float] = {}
        for series, value in self.values.items():
            if series.is_of(name, labels) and (key := series.label(label)) is not None:
                sums[key] = sums.get(key, 0.0) + value
        return sums


def read_page(text: str, at_s: float) -> Look:
    """Understand a page. Raises ``ValueError`` for one that is not in the format of Prometheus."""
    return Look(at_s, dict(_series_of(text)))


def _series_of(text: str) -> Iterator[tuple[Series, float]]:
    for family in text_string_to_metric_families(text):
        if not family.name.startswith(_OURS):
            continue
        for sample in family.samples:
            if math.isfinite(sample.value):
                yield Series(sample.name, tuple(sorted(sample.labels.items()))), float(sample.value)


def as_rows(look: Look) -> list[list[Any]]:
    """The values as JSON takes them."""
    return [[series.name, dict(series.labels), value] for series, value in look.values.items()]


def of_rows(rows: Sequence[Sequence[Any]], at_s: float) -> Look:
    """What ``as_rows`` gave, as a look again."""
    return Look(at_s, {Series(name, tuple(sorted(labels.items()))): value for name, labels, value in rows})


def increase(older: Look, newer: Look, name: str, **labels: str) -> float:
    """By how much counters of that name grew; a counter that fell was started anew and counts from zero."""
    return sum(_grown(older, newer, series) for series in newer.values if series.is_of(name, labels))


def per_second(older: Look, newer: Look, name: str, **labels: str) -> float:
    """The rate of counters of that name between two looks."""
    return increase(older, newer, name, **labels) / max(newer.at_s - older.at_s, _LEAST_GAP_S)


def quantile(older: Look, newer: Look, name: str, share: float, **labels: str) -> float | None:
    """The value that ``share`` of the observations of a histogram between two looks do not exceed.

    Interpolated evenly within a bucket, as Prometheus does; beyond the last finite bucket its upper edge is told.
    Nothing where nothing was observed.
    """
    grown: dict[float, float] = {}
    for series in newer.values:
        if series.is_of(f"{name}_bucket", labels):
            edge = float(series.label("le") or "inf")
            grown[edge] = grown.get(edge, 0.0) + _grown(older, newer, series)
    edges = sorted(grown)
    if not edges or grown[edges[-1]] <= 0.0:
        return None
    rank, below_edge, below = share * grown[edges[-1]], 0.0, 0.0
    for edge in edges:
        if grown[edge] >= rank and grown[edge] > below:
            if math.isinf(edge):
                return below_edge
            return below_edge + (edge - below_edge) * (rank - below) / (grown[edge] - below)
        below_edge, below = (edge if math.isfinite(edge) else below_edge), grown[edge]
    return below_edge


def _grown(older: Look, newer: Look, series: Series) -> float:
    before, after = older.values.get(series, 0.0), newer.values[series]
    return after - before if after >= before else after
