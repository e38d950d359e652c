"""Scored people and clips in, the calibration, what it is worth on others, and the two recommended limits out.

It is fitted on the people and clips kept for it and measured on those that are reported on; neither were learned from.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from detectors.calibration import Calibration, sigmoid
from detectors.training.fitting import FittedCalibration, LabelledScore, fit_best, limit_for, probabilities
from detectors.training.measuring.areas import share_at_or_above
from detectors.training.measuring.clip_scores import ClipScore
from detectors.training.measuring.held_out import ScoredPairs

FALSE_ALARMS = {"lower": 0.10, "upper": 0.05}


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """Pictures, genuine clips in their encodings and the same clips manipulated, of one part of the material."""

    pictures: ScoredPairs
    genuine: Sequence[ClipScore]
    forged: Sequence[ClipScore]

    def items(self, split: str) -> list[LabelledScore]:
        """All of it as items of one split; the person or the clip is the identity."""
        pairs = [
            LabelledScore(raw=sigmoid(float(value)), manipulated=manipulated, group=person, split=split)
            for values, manipulated in ((self.pictures.genuine, False), (self.pictures.manipulated, True))
            for value, person in zip(values, self.pictures.people, strict=True)
        ]
        clips = [
            LabelledScore(raw=sigmoid(score.logit), manipulated=manipulated, group=score.clip, split=split)
            for scores, manipulated in ((self.genuine, False), (self.forged, True))
            for score in scores
        ]
        return pairs + clips

    def told(self) -> str:
        clips = {score.clip for score in self.genuine}
        encodings = {score.variant for score in self.genuine}
        ways = {score.variant for score in self.forged}
        return (
            f"{len(self.pictures.people)} pairs of portraits of {len(set(self.pictures.people))} people, {len(clips)} "
            f"genuine clips in {len(encodings)} encodings each, and the same clips manipulated in {len(ways)} ways"
        )


def calibrate(fit: ScoredPart, test: ScoredPart, *, name: str, at: datetime | None = None) -> FittedCalibration:
    """The curve that fits the first part best, measured on the second.

    Raises:
        TooLittleToFit: a part is too small.
        SharedIdentities: somebody is in both parts.
    """
    at = at or datetime.now(UTC).replace(microsecond=0)
    items = [*fit.items("calibrate"), *test.items("test")]
    told = f"{fit.told()}; nobody of them was learned from"
    return fit_best(items, name=f"{name}-{at:%Y-%m-%d}", fitted_on=told, at=at)


def chosen_limits(calibration: Calibration, fit: ScoredPart) -> dict[str, Any]:
    """The lowest limits that few enough genuine pictures reach, and few enough genuine clips: the stricter of the two.

    Clips count by themselves, for they are outnumbered by pictures and score higher.
    """
    pictures = probabilities(calibration, fit.pictures.genuine.tolist())
    clips = probabilities(calibration, [score.logit for score in fit.genuine])
    found: dict[str, Any] = {}
    for name, rate in FALSE_ALARMS.items():
        limit = max(limit_for(pictures, rate), limit_for(clips, rate) if clips else 0.0)
        reached = {kind: share_at_or_above(p, limit) for kind, p in (("pictures", pictures), ("clips", clips)) if p}
        found[name] = {"at": limit, "false_alarms_at_most": rate, "reached_by": reached}
    found["chosen_on"] = f"{fit.told().split(', and the same')[0]}, all genuine; nobody of them was learned from"
    return found


def as_figures(fitted: FittedCalibration, part: ScoredPart) -> dict[str, Any]:
    """Before and after, as JSON."""
    return {
        "on": part.told(),
        "reported_on": fitted.reported_on,
        "items": len(fitted.held_out),
        "before": {name: asdict(value) for name, value in fitted.before.items()},
        "after": {name: asdict(value) for name, value in fitted.after.items()},
        "compared": [asdict(one) for one in fitted.compared],
        "reliability_before": [asdict(one) for one in fitted.reliability_before()],
        "reliability_after": [asdict(one) for one in fitted.reliability_after()],
    }
