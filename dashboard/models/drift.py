"""Recent verdicts and those before them in, what has changed in between out: scores, abstentions, kinds of media."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from contracts.messages import DetectorResult, MediaVerdict
from contracts.vocabulary import DetectorStatus
from dashboard.models.drift_alarms import ABSTAINED, BINS, Alarm, Floats, alarm_of, raw_scores, stability_of
from detectors.evaluation.agreement import Agreement, agreement_of


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
    new, old = raw_scores(now), raw_scores(before)
    none = np.array([], np.float64)
    return [_shift(name, new.get(name, none), old.get(name, none)) for name in sorted({*new, *old})]


def _shift(name: str, new: Floats, old: Floats) -> ScoreShift:
    stability = stability_of(new, old)
    return ScoreShift(
        detector=name,
        count_now=new.size,
        count_before=old.size,
        now=_histogram(new),
        before=_histogram(old),
        stability=stability,
        p_value=float(np.asarray(ks_2samp(new, old))[1]) if stability is not None else None,
        alarm=alarm_of(new, old, stability),
    )


def _histogram(scores: Floats) -> tuple[float, ...]:
    if not scores.size:
        return (0.0,) * BINS
    counted, _ = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    return tuple(float(share) for share in counted / scores.size)


def mixes(now: Sequence[MediaVerdict], before: Sequence[MediaVerdict]) -> dict[str, list[Share]]:
    """What the items were: outcome, kind, codec, height of the faces; and how many ended without a call."""
    kinds: dict[str, Callable[[MediaVerdict], str]] = {
        "Outcome": lambda verdict: verdict.verdict.value.replace("_", " "),
        "Call or none": lambda verdict: "without a call" if verdict.verdict in ABSTAINED else "with a call",
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
