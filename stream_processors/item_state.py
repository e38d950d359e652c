"""What the aggregator remembers of one item, and what is due for it: pure transitions, time is an argument."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from pydantic import BaseModel, ConfigDict

from contracts.messages import DetectorScore, MediaExtracted
from contracts.settings import AggregateSettings
from stream_processors.completeness import Completeness, completeness_of


class Step(Enum):
    """What an item is due for."""

    NOTHING = auto()
    FIRST_LOOK = auto()
    FINAL = auto()
    FORGET = auto()


class ItemState(BaseModel):
    """One record of the items table. Times are seconds since 1970.

    Extraction facts and scores lie by themselves in the parts table, so that this record does not grow with them:
    ``expected`` and ``answered`` count batches per detector, ``chunks`` is the highest number of chunks seen so far.
    All messages about the item lie in ``partition``. ``told_s`` is when the last verdict went out, ``news_s`` when the
    last new fact came in. A finished item is a tombstone that only recognises late duplicates. A field that is added
    later needs a default: tables outlive releases.
    """

    model_config = ConfigDict(frozen=True)

    partition: int
    announced_chunks: int | None = None
    announced_all: bool = False
    expected: dict[str, int] = {}
    answered: dict[str, int] = {}
    scored_clips: int = 0
    chunks: int = 0
    seq: int = 0
    news_s: float
    told_s: float | None = None
    finished_s: float | None = None
    event_id: str | None = None
    trace: dict[str, str] = {}

    @property
    def finished(self) -> bool:
        return self.finished_s is not None

    @property
    def complete(self) -> bool:
        return Completeness(extracted=self.announced_all, expected=self.expected, answered=self.answered).complete

    def is_newer(self, extracted: MediaExtracted) -> bool:
        """Whether extraction tells more than it has told before; a redelivered older state of it does not."""
        return (extracted.complete, extracted.chunks) > (self.announced_all, self.announced_chunks or -1)

    def with_extraction(self, extracted: MediaExtracted, now_s: float) -> "ItemState":
        """Extraction has told more."""
        return self.model_copy(
            update={
                "announced_chunks": extracted.chunks,
                "announced_all": extracted.complete,
                "expected": dict(completeness_of(extracted, {}).expected),
                "chunks": max(self.chunks, extracted.chunks),
                "news_s": now_s,
            }
        )

    def with_answer(self, score: DetectorScore, now_s: float) -> "ItemState":
        """A detector has answered a batch that was open; call it once per detector and chunk."""
        return self.model_copy(
            update={
                "answered": {**self.answered, score.detector: self.answered.get(score.detector, 0) + 1},
                "scored_clips": self.scored_clips + len(score.clips),
                "chunks": max(self.chunks, score.chunk_index + 1),
                "news_s": now_s,
            }
        )

    def told(self, now_s: float) -> "ItemState":
        """A verdict that is not the last has gone out."""
        return self.model_copy(update={"told_s": now_s, "seq": self.seq + 1})

    def tombstone(self, event_id: str, now_s: float) -> "ItemState":
        """The final verdict has gone out."""
        return ItemState(partition=self.partition, seq=self.seq + 1, news_s=now_s, finished_s=now_s, event_id=event_id)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_defaults=True).encode()


def state_from(raw: bytes) -> ItemState:
    """The state in ``raw``."""
    return ItemState.model_validate_json(raw)


@dataclass(frozen=True, kw_only=True)
class Clockwork:
    """The times that decide, in seconds; ``started_s`` is when this worker began to listen.

    What lies in the topics while no aggregator runs is not late, so no deadline counts from before the start. A worker
    that has not looked for more than ``longest_gap_s`` slept (or its clock was set), and begins to listen anew.
    """

    deadline_s: float
    grace_s: float
    provisional_interval_s: float
    started_s: float
    longest_gap_s: float = 60.0

    @classmethod
    def of(cls, settings: AggregateSettings, *, started_s: float) -> "Clockwork":
        return cls(
            deadline_s=settings.deadline_s,
            grace_s=settings.grace_s,
            provisional_interval_s=settings.provisional_interval_s,
            started_s=started_s,
            longest_gap_s=max(60.0, 3 * settings.reminder_interval_s),
        )

    def after_gap(self, from_s: float, to_s: float) -> "Clockwork":
        """The times that count for a worker that looked at ``from_s`` and then not before ``to_s``."""
        return self if abs(to_s - from_s) <= self.longest_gap_s else replace(self, started_s=to_s)

    def step(self, state: ItemState, now_s: float) -> Step:
        """What ``state`` is due for at ``now_s``."""
        if state.finished_s is not None:
            return Step.FORGET if now_s - state.finished_s >= self.grace_s else Step.NOTHING
        # News from the future were noted by a clock that is not ours.
        news_s = state.news_s if state.news_s <= now_s else self.started_s
        silent = now_s - max(news_s, self.started_s) >= self.deadline_s
        if state.announced_chunks is None:
            # Answers about an item that nobody announces: left over from one that was forgotten.
            return Step.FORGET if silent else Step.NOTHING
        if silent or state.complete:
            return Step.FINAL
        return Step.FIRST_LOOK if self._is_worth_a_look(state, now_s) else Step.NOTHING

    def _is_worth_a_look(self, state: ItemState, now_s: float) -> bool:
        if not state.scored_clips:
            return False
        if state.told_s is None:
            return True
        return state.news_s > state.told_s and now_s - state.told_s >= self.provisional_interval_s
