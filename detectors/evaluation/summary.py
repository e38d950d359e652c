"""The score table in; every figure of it out, per level, detector and slice, ready to be written as JSON."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from detectors.evaluation import metrics, resampled
from detectors.evaluation.adequacy import OF_RAW, shortage
from detectors.evaluation.agreement import agreement_of, gain_of
from detectors.evaluation.bootstrap import Interval, as_figure, intervals, share_of
from detectors.evaluation.curves import WORDS, curves_of
from detectors.evaluation.metrics import Floats, Labels, OneClassOnly
from detectors.evaluation.score_table import FUSION, LEVELS, Level, ScoreRow, are_calibrated, range_order

RAW_THRESHOLD = 0.5
ABSTENTIONS = ("inconclusive", "not_assessed")

Rows = Sequence[ScoreRow]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How scores are read: the threshold on each detector's probability, and how intervals are drawn."""

    thresholds: Mapping[str, float]
    rounds: int = 500
    seed: int = 0

    def threshold(self, detector: str, *, calibrated: bool) -> float:
        """What the scores of a detector are held against."""
        return self.thresholds[detector] if calibrated else RAW_THRESHOLD

    def share(self, flags: Sequence[bool], rows: Rows) -> dict[str, Any]:
        """The share of flagged rows with its limits by source, and the two counts."""
        return share_of(flags, [row.source for row in rows], rounds=self.rounds, seed=self.seed)


def summary_of(rows: Rows, rules: Rules) -> dict[str, Any]:
    """All figures of the rows that were scored as they are (``variant`` empty)."""
    plain = [row for row in rows if not row.variant]
    names = tuple(dict.fromkeys(row.detector for row in plain))
    items = _where(plain, "item")
    return {
        "levels": {
            level: {name: _whole(_where(plain, level, name), name, rules) for name in names} for level in LEVELS
        },
        "slices": {kind: cut(items, names, rules) for kind, cut in _CUTS.items()},
        "verdicts": _verdicts(items),
        "abstention": _abstention(items, rules),
        "agreement": asdict(agreement_of({name: _logged(items, name) for name in names if name != FUSION})),
        "gain": _gain(items, names, rules),
        "items": [_said(row) for row in items if row.detector == FUSION],
    }


def _where(rows: Rows, level: Level, detector: str | None = None) -> list[ScoreRow]:
    return [row for row in rows if row.level == level and detector in (None, row.detector)]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scored:
    """The rows of one detector: all, the covered ones, and those as arrays.

    ``values`` are what the threshold is held against: probabilities where ``calibrated``, else raw scores.
    """

    every: Rows
    rows: Rows
    labels: Labels
    ranked: Floats
    values: Floats
    raw: Floats | None
    calibrated: bool
    threshold: float

    @property
    def sources(self) -> list[str]:
        return [row.source for row in self.rows]

    @property
    def uncovered(self) -> Rows:
        return [row for row in self.every if row.held(calibrated=self.calibrated) is None]

    @property
    def flagged(self) -> np.ndarray:
        return self.values >= self.threshold


def _scored(rows: Rows, name: str, rules: Rules) -> _Scored:
    calibrated = are_calibrated(rows, name)
    covered = [row for row in rows if row.held(calibrated=calibrated) is not None]
    raw = None if name == FUSION else _floats([row.raw for row in covered])
    return _Scored(
        every=rows,
        rows=covered,
        labels=np.array([row.label for row in covered], dtype=int),
        ranked=_floats([row.ranked for row in covered]),
        values=_floats([row.held(calibrated=calibrated) for row in covered]),
        raw=raw,
        calibrated=calibrated,
        threshold=rules.threshold(name, calibrated=calibrated),
    )


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)


def _whole(rows: Rows, name: str, rules: Rules) -> dict[str, Any]:
    scored = _scored(rows, name, rules)
    return {
        **_counts(scored, rules),
        "figures": _with_intervals(_every_figure, scored, rules),
        "curves": curves_of(
            scored.labels,
            scored.ranked,
            scored.values,
            calibrated=scored.calibrated,
            uncovered=len(scored.uncovered),
            threshold=scored.threshold,
        ),
    }


def _every_figure(scored: _Scored, times: Floats | None) -> dict[str, Any]:
    how = metrics if times is None else _Resampled(times)
    found = {**how.decisions(scored.labels, scored.flagged), **how.ranking(scored.labels, scored.ranked)}
    if scored.calibrated:
        found |= how.honesty(scored.labels, scored.values)
    if scored.raw is not None:
        found |= {f"{key}{OF_RAW}": value for key, value in how.honesty(scored.labels, scored.raw).items()}
    return found


def _figures_of_a_slice(scored: _Scored, times: Floats | None) -> dict[str, Any]:
    how = metrics if times is None else _Resampled(times)
    return {**how.decisions(scored.labels, scored.flagged), **how.ranking(scored.labels, scored.ranked)}


class _Resampled:
    """The functions of ``metrics``, for all resamples at once."""

    def __init__(self, times: Floats) -> None:
        self.ranking = partial(resampled.ranking, times=times)
        self.decisions = partial(resampled.decisions, times=times)
        self.honesty = partial(resampled.honesty, times=times)


def _with_intervals(
    figures: Callable[[_Scored, Floats | None], dict[str, Any]], scored: _Scored, rules: Rules
) -> dict[str, dict[str, Any]]:
    """Each figure with its interval; with a note and no number where the items are too few to tell it."""
    try:
        values = figures(scored, None)
    except OneClassOnly:
        return {}
    limits = intervals(partial(figures, scored), scored.sources, rounds=rules.rounds, seed=rules.seed)
    return {name: _figure(name, value, limits.get(name), scored) for name, value in values.items()}


def _figure(name: str, value: float, interval: Interval | None, scored: _Scored) -> dict[str, Any]:
    note = shortage(
        name,
        genuine=int(np.sum(scored.labels == 0)),
        manipulated=int(np.sum(scored.labels == 1)),
        false_alarms=int(np.sum(scored.flagged[scored.labels == 0])),
        hits=int(np.sum(scored.flagged[scored.labels == 1])),
    )
    if note:
        return {**as_figure(None, None), "note": note}
    return as_figure(value, interval)


def _counts(scored: _Scored, rules: Rules) -> dict[str, Any]:
    return {
        "rows": len(scored.every),
        "genuine": sum(row.label == 0 for row in scored.every),
        "manipulated": sum(row.label == 1 for row in scored.every),
        "sources": len({row.source for row in scored.every}),
        "covered": len(scored.rows),
        "covered_of": {word: int(np.sum(scored.labels == label)) for label, word in WORDS.items()},
        "sources_of": {
            word: len({row.source for row in scored.rows if row.label == label}) for label, word in WORDS.items()
        },
        "coverage": rules.share(
            [row.held(calibrated=scored.calibrated) is not None for row in scored.every], scored.every
        ),
        "uncovered": dict(Counter(row.reason or "no score" for row in scored.uncovered)),
        "calibrated": scored.calibrated,
        "threshold": scored.threshold,
        "flagged": {word: _flagged(scored, label, rules) for label, word in WORDS.items()},
    }


def _flagged(scored: _Scored, label: int, rules: Rules) -> dict[str, Any]:
    """How many covered items of a class reach the threshold, and their share with its interval."""
    own = scored.labels == label
    return rules.share(scored.flagged[own].tolist(), [row for row in scored.rows if row.label == label])


Cut = Callable[[Rows, Sequence[str], Rules], dict[str, dict[str, Any]]]


def _by(key: Callable[[ScoreRow], str], *, all_genuine: bool = False) -> Cut:
    """Slices by ``key``; with ``all_genuine`` each holds every genuine item beside its manipulated ones."""

    def cut(items: Rows, names: Sequence[str], rules: Rules) -> dict[str, dict[str, Any]]:
        kinds = sorted({key(row) for row in items if row.label == 1 or not all_genuine} - {""}, key=range_order)
        return {
            kind: {
                name: _slice([r for r in items if r.detector == name and belongs(r, kind)], name, rules)
                for name in names
            }
            for kind in kinds
        }

    def belongs(row: ScoreRow, kind: str) -> bool:
        return (all_genuine and row.label == 0) or key(row) == kind

    return cut


# A family is a way to manipulate, so the genuine items stand against each; the others divide both classes.
_CUTS: dict[str, Cut] = {
    "family": _by(lambda row: row.family, all_genuine=True),
    "compression": _by(lambda row: row.compression_level),
    "face size": _by(lambda row: row.face_bucket),
    "source": _by(lambda row: row.source),
}


def _slice(rows: Rows, name: str, rules: Rules) -> dict[str, Any]:
    scored = _scored(rows, name, rules)
    return {**_counts(scored, rules), "figures": _with_intervals(_figures_of_a_slice, scored, rules)}


def _verdicts(items: Rows) -> dict[str, dict[str, int]]:
    said = [row for row in items if row.detector == FUSION]
    return {word: dict(Counter(row.verdict for row in said if row.label == label)) for label, word in WORDS.items()}


def _abstention(items: Rows, rules: Rules) -> dict[str, Any]:
    """How often the verdict is none, by reason and truth; ``answered`` is the share of items that get one."""
    said = [row for row in items if row.detector == FUSION]
    silent = [row for row in said if row.verdict in ("", *ABSTENTIONS)]
    return {
        "answered": rules.share([row.verdict not in ("", *ABSTENTIONS) for row in said], said),
        "reasons": {
            word: dict(Counter(row.reason or "no reason given" for row in silent if row.label == label))
            for label, word in WORDS.items()
        },
    }


def _gain(items: Rows, names: Sequence[str], rules: Rules) -> dict[str, Any] | None:
    """How much better the fusion ranks than the best single detector."""
    together = {row.path: row for row in items if row.detector == FUSION}
    return gain_of(
        list(together.values()),
        {name: [row for row in items if row.detector == name] for name in names if name != FUSION},
        rounds=rules.rounds,
        seed=rules.seed,
    )


def _said(row: ScoreRow) -> dict[str, Any]:
    told = ("path", "label", "source", "verdict", "reason")
    return {**{name: getattr(row, name) for name in told}, "probability": row.calibrated}


def _logged(items: Rows, name: str) -> list[float | None]:
    """Probabilities where the detector has some, else raw scores."""
    own = [row for row in items if row.detector == name]
    calibrated = are_calibrated(own, name)
    return [row.held(calibrated=calibrated) for row in own]
