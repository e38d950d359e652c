"""Scores of genuine clips in, the shares that reach a detector's limits out, counted by clip, with upper bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.training.measuring.areas import upper_bound
from detectors.training.measuring.clip_scores import ClipScore
from detectors.training.measuring.judged import Judged

ANY = "any of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRate:
    """How many genuine clips of one encoding reach a limit; ``upper_bound`` is the one-sided 95 % bound of the share.

    In the encoding ``any of them`` a clip counts once, if it reaches the limit in at least one encoding.
    """

    of: str
    limit: str
    at: float
    variant: str
    clips: int
    alarms: int
    share: float
    upper_bound: float


def alarm_rates(judged: Judged, genuine: Sequence[ClipScore]) -> list[AlarmRate]:
    """A rate per limit and encoding, and over all encodings."""
    p = judged.probabilities([score.logit for score in genuine])
    variants = list(dict.fromkeys(score.variant for score in genuine))
    rates = []
    for limit, at in judged.limits.items():
        for variant in (*variants, ANY):
            mine = [
                (score.clip, value) for score, value in zip(genuine, p, strict=True) if variant in (ANY, score.variant)
            ]
            clips = {clip for clip, _ in mine}
            alarmed = {clip for clip, value in mine if value >= at}
            rates.append(
                AlarmRate(
                    of=judged.name,
                    limit=limit,
                    at=at,
                    variant=variant,
                    clips=len(clips),
                    alarms=len(alarmed),
                    share=len(alarmed) / len(clips),
                    upper_bound=upper_bound(len(alarmed), len(clips)),
                )
            )
    return rates
