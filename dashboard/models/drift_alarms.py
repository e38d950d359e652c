"""Recent verdicts and those before them in; which alarms hold now, each with its figures, out.

The projector asks this by itself, so nothing here needs more than NumPy: SciPy would treble its memory.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from contracts.messages import MediaVerdict
from contracts.vocabulary import DetectorStatus, Verdict
from dashboard.reviews import Outcome

BINS = 10
FEWEST = 30
EVERY_DETECTOR = "all detectors"
ABSTAINED = (Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED)
# The usual reading of the population stability index: under 0.1 nothing to speak of, from 0.25 on another population.
_SHIFTING, _SHIFTED = 0.1, 0.25
_SPLITS, _CHANCE_OF_SHIFT = 400, 0.01
_DEGENERATE_SPREAD = 0.01
_LEAST_SHARE = 1e-4
# A rise that matters to people, and that chance would bring about less than once in a hundred looks.
_LEAST_RISE, _CHANCE_OF_RISE = 0.1, 0.01
# More calls overturned than a tenth, by more than chance; reviewed items are few, so fewer than 30 may tell.
_OVERTURNED, _CHANCE_OF_OVERTURNED, _FEWEST_REVIEWED = 0.1, 0.05, 10
_WRONG = {
    Outcome.AUTHENTIC: Verdict.LIKELY_MANIPULATED,
    Outcome.MISLEADING: Verdict.LIKELY_MANIPULATED,
    Outcome.MANIPULATED: Verdict.NO_EVIDENCE_FOUND,
}
_CALLS = (Verdict.LIKELY_MANIPULATED, Verdict.NO_EVIDENCE_FOUND)

Floats = NDArray[np.float64]


class Alarm(StrEnum):
    """What is wrong: with a detector's scores, or with the verdicts of all."""

    SHIFTED = "scores have shifted"
    SHIFTING = "scores are shifting"
    DEGENERATE = "scores are all alike"
    ABSTAINING = "more items end without a call"
    OVERTURNED = "reviewers overturn calls"


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An alarm that holds now; ``subject`` is a detector or ``EVERY_DETECTOR``, ``figures`` are what it rests on."""

    subject: str
    alarm: Alarm
    figures: Mapping[str, float]

    @property
    def words(self) -> str:
        """The figures as a sentence."""
        return _WORDS[self.alarm](self.figures)


def raised_now(
    now: Sequence[MediaVerdict], before: Sequence[MediaVerdict], reviewed: Mapping[str, Outcome]
) -> list[Raised]:
    """Every alarm that holds; ``reviewed`` is the latest outcome of each reviewed item."""
    new, old = raw_scores(now), raw_scores(before)
    return [
        *(one for name in sorted(new) for one in _of_scores(name, new[name], old.get(name, np.array([])))),
        *_abstaining(now, before),
        *_overturned([*now, *before], reviewed),
    ]


def raw_scores(verdicts: Sequence[MediaVerdict]) -> dict[str, Floats]:
    """The raw scores (0 to 1) of each detector that scored on trained weights, in the order of ``verdicts``."""
    found: dict[str, list[float]] = {}
    for verdict in verdicts:
        for result in verdict.detectors:
            if result.raw is not None and result.status is DetectorStatus.SCORED and not result.untrained:
                found.setdefault(result.name, []).append(result.raw)
    return {name: np.asarray(scores, np.float64) for name, scores in found.items()}


def stability_of(now: Floats, before: Floats) -> float | None:
    """The population stability index; nothing where either side has under 30 scores."""
    return stability_index(now, before) if min(now.size, before.size) >= FEWEST else None


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


def alarm_of(now: Floats, before: Floats, stability: float | None) -> Alarm | None:
    """What is wrong with the scores of a detector."""
    if now.size >= FEWEST and _spread(now) < _DEGENERATE_SPREAD:
        return Alarm.DEGENERATE
    if stability is None or stability < _SHIFTING or _is_chance(now, before, stability):
        return None
    return Alarm.SHIFTED if stability >= _SHIFTED else Alarm.SHIFTING


def _is_chance(now: Floats, before: Floats, stability: float) -> bool:
    """Whether more than one in a hundred random splits of the same scores has such an index, as small ones often do.

    The permutation test of Fisher (1935), "The design of experiments"; the same scores get the same answer.
    """
    draws, everything = np.random.default_rng(0), np.concatenate([now, before])
    shuffled = (draws.permutation(everything) for _ in range(_SPLITS))
    as_high = (True for one in shuffled if stability_index(one[: now.size], one[now.size :]) >= stability)
    # So many are enough to tell; the other splits need not be looked at.
    enough = int(_CHANCE_OF_SHIFT * (_SPLITS + 1))
    return len(list(islice(as_high, enough))) == enough


def _spread(scores: Floats) -> float:
    return float(np.quantile(scores, 0.95) - np.quantile(scores, 0.05))


def _of_scores(name: str, now: Floats, before: Floats) -> Iterator[Raised]:
    stability = stability_of(now, before)
    alarm = alarm_of(now, before, stability)
    if alarm is None:
        return
    figures = {"now": float(now.size), "before": float(before.size), "spread": _spread(now)}
    yield Raised(subject=name, alarm=alarm, figures=figures | ({} if stability is None else {"stability": stability}))


def _abstaining(now: Sequence[MediaVerdict], before: Sequence[MediaVerdict]) -> Iterator[Raised]:
    if min(len(now), len(before)) < FEWEST:
        return
    new, old = (sum(verdict.verdict in ABSTAINED for verdict in verdicts) for verdicts in (now, before))
    rise = new / len(now) - old / len(before)
    chance = chance_of_rise(new, len(now), old, len(before))
    if rise >= _LEAST_RISE and chance < _CHANCE_OF_RISE:
        figures = {"share_now": new / len(now), "share_before": old / len(before), "chance": chance}
        yield Raised(subject=EVERY_DETECTOR, alarm=Alarm.ABSTAINING, figures=figures)


def chance_of_rise(new: int, of_new: int, old: int, of_old: int) -> float:
    """How likely ``new`` or more of the ``new + old`` would fall on this side by chance alone.

    The one-sided exact test of Fisher (1922), "On the interpretation of chi-squared from contingency tables".
    """
    both, everyone = new + old, of_new + of_old
    ways = math.comb(everyone, both)
    most = min(both, of_new)
    return sum(math.comb(of_new, some) * math.comb(of_old, both - some) for some in range(new, most + 1)) / ways


def _overturned(verdicts: Sequence[MediaVerdict], reviewed: Mapping[str, Outcome]) -> Iterator[Raised]:
    calls = [
        (one.verdict, reviewed[one.media_id])
        for one in verdicts
        if one.verdict in _CALLS and reviewed.get(one.media_id) in _WRONG
    ]
    if len(calls) < _FEWEST_REVIEWED:
        return
    wrong = sum(_WRONG[outcome] is word for word, outcome in calls)
    chance = chance_of_as_many(wrong, len(calls), _OVERTURNED)
    if chance < _CHANCE_OF_OVERTURNED:
        figures = {"overturned": float(wrong), "reviewed": float(len(calls)), "chance": chance}
        yield Raised(subject=EVERY_DETECTOR, alarm=Alarm.OVERTURNED, figures=figures)


def chance_of_as_many(hits: int, of: int, share: float) -> float:
    """How likely ``hits`` or more of ``of`` are where each is one with the probability ``share`` (binomial test)."""
    return sum(math.comb(of, some) * share**some * (1.0 - share) ** (of - some) for some in range(hits, of + 1))


def _scores_words(figures: Mapping[str, float]) -> str:
    index = f"stability index {figures['stability']:.2f}; " if "stability" in figures else ""
    return f"{index}{figures['now']:.0f} scores now, {figures['before']:.0f} before"


def _alike_words(figures: Mapping[str, float]) -> str:
    return f"nine tenths of {figures['now']:.0f} scores lie within {figures['spread']:.3f}"


def _abstaining_words(figures: Mapping[str, float]) -> str:
    return f"{figures['share_now']:.0%} now, {figures['share_before']:.0%} before"


def _overturned_words(figures: Mapping[str, float]) -> str:
    return f"{figures['overturned']:.0f} of {figures['reviewed']:.0f} reviewed calls were wrong"


_WORDS: dict[Alarm, Callable[[Mapping[str, float]], str]] = {
    Alarm.SHIFTED: _scores_words,
    Alarm.SHIFTING: _scores_words,
    Alarm.DEGENERATE: _alike_words,
    Alarm.ABSTAINING: _abstaining_words,
    Alarm.OVERTURNED: _overturned_words,
}
