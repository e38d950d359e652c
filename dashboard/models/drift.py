"""Recent verdicts and those before them in, what has changed in between out: scores, abstentions, kinds of media."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from contracts.messages import DetectorResult, MediaVerdict
from contracts.vocabulary import DetectorStatus, Verdict
from detectors.evaluation.agreement import Agreement, agreement_of

BINS = 10
FEWEST = 30
# The usual reading of the population stability index: under 0.1 nothing to speak of, from 0.25 on another population.
_SHIFTING, _SHIFTED = 0.1, 0.25
_DEGENERATE_SPREAD = 0.01
_LEAST_SHARE = 1e-4
_ABSTAINED = (Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED)

Floats = NDArray[np.float64]


class Alarm(StrEnum):
    """What is wrong with a detector's scores."""

    SHIFTED = "scores have shifted"
    SHIFTING = "scores are shifting"
    DEGENERATE = "scores are all alike"


@dataclass(frozen=True, kw_only=True)
class ScoreShift:
    """One detector's raw scores now and before.

    ``now`` and ``before``: shares of the scores in ten even bins from 0 to 1; ``stability``: the population stability
    index over the deciles of ``before``; ``p_value``: of the two-sample Kolmogorov-Smirnov test. Both are ``None``
    where either side has under 30 scores.
    """

    detector: str
    count_now: int
    count_before: int
    now: tuple[float, ...]
    before: tuple[float, ...]
    stability: float | None
    p_value: float | None
    alarm: Alarm | None


@dataclass(frozen=True, kw_only=True)
class Share:
    """A kind of media or outcome, and which share of the items it made up; ``None`` where there were none."""

    name: str
    now: float | None
    before: float | None


def score_shifts(now: Sequence[MediaVerdict], before: Sequence[MediaVerdict]) -> list[ScoreShift]:
    """Each detector that scored on either side, in alphabetical order."""
    new, old = _raw_scores(now), _raw_scores(before)
    return [_shift(name, new.get(name, []), old.get(name, [])) for name in sorted({*new, *old})]


def _raw_scores(verdicts: Sequence[MediaVerdict]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for verdict in verdicts:
        for result in verdict.detectors:
            if result.raw is not None and result.status is DetectorStatus.SCORED and not result.untrained:
                found.setdefault(result.name, []).append(result.raw)
    return found


def _shift(name: str, now: Sequence[float], before: Sequence[float]) -> ScoreShift:
    new, old = np.asarray(now, np.float64), np.asarray(before, np.float64)
    is_enough = min(new.size, old.size) >= FEWEST
    stability = stability_index(new, old) if is_enough else None
    return ScoreShift(
        detector=name,
        count_now=new.size,
        count_before=old.size,
        now=_histogram(new),
        before=_histogram(old),
        stability=stability,
        p_value=float(np.asarray(ks_2samp(new, old))[1]) if is_enough else None,
        alarm=_alarm(new, stability),
    )


def stability_index(now: Floats, before: Floats) -> float:
    """The population stability index of ``now`` against the deciles of ``before``; 0 where both are spread alike.

    The sum over bins of (share now - share before) x ln(share now / share before), with empty bins counted as 0.0001.
    Source: Siddiqi 2006, "Credit Risk Scorecards", chapter 8.
    """
    edges = np.unique(np.quantile(before, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
    shares = []
    for scores in (now, before):
        counted = np.bincount(np.searchsorted(edges, scores, side="right"), minlength=edges.size + 1)
        shares.append(np.maximum(counted / scores.size, _LEAST_SHARE))
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


def _histogram(scores: Floats) -> tuple[float, ...]:
    if not scores.size:
        return (0.0,) * BINS
    counted, _ = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    return tuple(float(share) for share in counted / scores.size)


def _alarm(now: Floats, stability: float | None) -> Alarm | None:
    if now.size >= FEWEST and float(np.quantile(now, 0.95) - np.quantile(now, 0.05)) < _DEGENERATE_SPREAD:
        return Alarm.DEGENERATE
    if stability is None or stability < _SHIFTING:
        return None
    return Alarm.SHIFTED if stability >= _SHIFTED else Alarm.SHIFTING


def mixes(now: Sequence[MediaVerdict], before: Sequence[MediaVerdict]) -> dict[str, list[Share]]:
    """What the items were: outcome, kind, codec, height of the faces; and how many ended without a call."""
    kinds: dict[str, Callable[[MediaVerdict], str]] = {
        "Outcome": lambda verdict: verdict.verdict.value.replace("_", " "),
        "Call or none": lambda verdict: "without a call" if verdict.verdict in _ABSTAINED else "with a call",
        "Kind": lambda verdict: verdict.media.kind.value,
        "Codec": lambda verdict: verdict.media.codec or "unknown",
        "Height of the largest face": _face_height,
    }
    return {title: _shares(now, before, name_of) for title, name_of in kinds.items()}


def _face_height(verdict: MediaVerdict) -> str:
    heights = [track.face_height_px for track in verdict.tracks if track.face_height_px is not None]
    if not heights:
        return "no face"
    limits = ((64.0, "under 64 px"), (128.0, "64 to 127 px"), (256.0, "128 to 255 px"))
    return next((words for limit, words in limits if max(heights) < limit), "256 px and more")


def _shares(
    now: Sequence[MediaVerdict], before: Sequence[MediaVerdict], name_of: Callable[[MediaVerdict], str]
) -> list[Share]:
    new, old = (Counter(name_of(verdict) for verdict in verdicts) for verdicts in (now, before))
    return [
        Share(name=name, now=_share(new, name, len(now)), before=_share(old, name, len(before)))
        for name in sorted({*new, *old}, key=lambda name: -new[name])
    ]


def _share(counted: Mapping[str, int], name: str, of: int) -> float | None:
    return counted.get(name, 0) / of if of else None


def agreement_now(verdicts: Sequence[MediaVerdict]) -> Agreement | None:
    """How much the detectors say the same of the same items; nothing where fewer than two have scored."""
    rows = [{result.name: _shown(result) for result in verdict.detectors} for verdict in verdicts]
    names = sorted({name for row in rows for name, value in row.items() if value is not None})
    return agreement_of({name: [row.get(name) for row in rows] for name in names}) if len(names) > 1 else None


def _shown(result: DetectorResult) -> float | None:
    if result.status is not DetectorStatus.SCORED or result.untrained:
        return None
    return result.calibrated if result.calibrated is not None else result.raw
