"""Finished verdicts in, the ones whose label would teach most first, out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from contracts.messages import MediaVerdict
from contracts.vocabulary import DetectorStatus


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An item without a label: ``disagreement`` is the widest gap between calibrated detectors (0 to 1), ``doubt`` how
    near the probability is to one half (0 to 1, 1 at one half); ``worth`` orders the queue.
    """

    media_id: str
    name: str
    disagreement: float
    doubt: float

    @property
    def worth(self) -> float:
        """Disagreement and doubt together; either alone still counts a little."""
        return (0.1 + self.disagreement) * (0.1 + self.doubt)


def label_queue(verdicts: Sequence[MediaVerdict], *, labelled: Collection[str], most: int = 50) -> list[Candidate]:
    """The items that somebody should label next; those in ``labelled`` and those without a number are left out."""
    found = [_candidate(verdict) for verdict in verdicts if verdict.media_id not in labelled and verdict.probability]
    return sorted(found, key=lambda one: (-one.worth, one.media_id))[:most]


def _candidate(verdict: MediaVerdict) -> Candidate:
    assert verdict.probability is not None, "only items with a number are candidates"
    said = [
        result.calibrated
        for result in verdict.detectors
        if result.status is DetectorStatus.SCORED and result.calibrated is not None and not result.untrained
    ]
    return Candidate(
        media_id=verdict.media_id,
        name=verdict.uploaded.key.rsplit("/", 1)[-1],
        disagreement=max(said) - min(said) if said else 0.0,
        doubt=1.0 - abs(2.0 * verdict.probability.value - 1.0),
    )
