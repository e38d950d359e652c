"""What extraction announced and what detectors answered in; who is done, who is missing and by how much out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.messages import DetectorScore, MediaExtracted


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """``answered`` and ``expected`` count batches per detector; ``extracted`` says that no more will be announced."""

    extracted: bool
    expected: Mapping[str, int]
    answered: Mapping[str, int]

    @property
    def pending(self) -> dict[str, int]:
        """Detectors that still owe answers, with the number of announced batches they owe."""
        owed = {name: batches - self.answered.get(name, 0) for name, batches in self.expected.items()}
        return {name: batches for name, batches in owed.items() if batches > 0}

    @property
    def complete(self) -> bool:
        return self.extracted and not self.pending


def answered_batches(scores: Iterable[DetectorScore]) -> dict[str, int]:
    """Distinct chunks answered per detector: a repeated answer counts once."""
    chunks: dict[str, set[int]] = defaultdict(set)
    for score in scores:
        chunks[score.detector].add(score.chunk_index)
    return {name: len(seen) for name, seen in chunks.items()}


def completeness_of(extracted: MediaExtracted, answered: Mapping[str, int]) -> Completeness:
    """Count ``answered`` batches per detector against what ``extracted`` announced.

    A detector that does not apply to the item owes nothing, whatever was announced for it.
    """
    expected = {
        name: clips.batches for name, clips in extracted.expected.items() if name not in extracted.not_applicable
    }
    return Completeness(extracted=extracted.complete, expected=expected, answered=dict(answered))
