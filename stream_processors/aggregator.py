"""Facts about items in, verdicts out; what is still needed lies in two tables. Everything but Faust itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, MutableMapping, Sequence

from contracts.codec import decode, encode
from contracts.messages import DetectorScore, MediaExtracted, MediaVerdict, Message, ReminderDue, utc_now
from contracts.topics import MEDIA_VERDICTS, REMINDERS
from contracts.vocabulary import Lifecycle
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.item_state import Clockwork, ItemState, Step, state_from
from stream_processors.judgement import judge
from stream_processors.members import Member
from stream_processors.policy import Policy

Table = MutableMapping[bytes, bytes]
Send = Callable[[Sequence[Outgoing]], Awaitable[None]]


class Aggregator:
    """Keeps the state of open items and says when a verdict is due.

    A verdict is sent (``send`` returns when it is confirmed) before the tables say that it went out. A crash in
    between repeats the last verdict with the same ``event_id`` and loses nothing.

    Args:
        items: one record per item, by media id; no record grows with the length of the media.
        parts: extraction facts and scores of open items, one by one under composite keys.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        *,
        items: Table,
        parts: Table,
        send: Send,
        members: Sequence[Member],
        clockwork: Clockwork,
        policy: Policy,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._items = items
        self._parts = parts
        self._send = send
        self._members = members
        self._clockwork = clockwork
        self._policy = policy
        self._clock = clock
        self._looked_s = clock()
        self._read: dict[bytes, tuple[bytes, ItemState]] = {}

    def _now_s(self) -> float:
        """The time at the beginning of a piece of work; what was slept through before it counts for no deadline."""
        now_s = self._clock()
        self._clockwork = self._clockwork.after_gap(self._looked_s, now_s)
        self._looked_s = now_s
        return now_s

    async def learn(self, message: Message, *, partition: int, trace: dict[str, str]) -> str:
        """Take one message about an item, whatever its order and repetition; the outcome leaves as one word."""
        now_s = self._now_s()
        key = message.media_id.encode()
        raw = self._items.get(key)
        if raw is None:
            if isinstance(message, ReminderDue):
                return "known"
            before, state = None, ItemState(partition=partition, news_s=now_s, trace=trace)
        else:
            before = state = state_from(raw)
        if state.finished:
            if self._clockwork.step(state, now_s) is Step.FORGET:
                _drop(self._items, key)
            return "known"
        state = self._updated(state, message)
        await self._take(self._clockwork.step(state, self._clock()), key, state, changed=state is not before)
        return "done"

    def give_up(self, media_id: str, *, partition: int) -> None:
        """End an item without a verdict, because its judgement kills whoever tries it; later news of it are known."""
        key = media_id.encode()
        raw = self._items.get(key)
        state = ItemState(partition=partition, news_s=self._clock()) if raw is None else state_from(raw)
        if not state.finished:
            self._drop_parts(media_id, state)
            self._items[key] = state.tombstone("", self._clock()).to_bytes()

    def reminders(self, partitions: Collection[int]) -> list[Outgoing]:
        """One reminder for each item in ``partitions`` that only the clock moves on; also counts the open items."""
        ours = {key: state for key, state in self._states() if state.partition in partitions}
        metric("telltale_items_open").set(sum(not state.finished for state in ours.values()))
        now_s = self._now_s()
        return [
            Outgoing(REMINDERS, ReminderDue(media_id=key.decode(), due_at=utc_now()), state.trace)
            for key, state in ours.items()
            if self._clockwork.step(state, now_s) is not Step.NOTHING
        ]

    def _states(self) -> Iterator[tuple[bytes, ItemState]]:
        """Every item; what was read before is remembered as long as it lies in the table, and no longer."""
        before, self._read = self._read, {}
        for key, raw in list(self._items.items()):
            known = before.get(key)
            self._read[key] = known if known is not None and known[0] == raw else (raw, state_from(raw))
        return ((key, state) for key, (_, state) in self._read.items())

    def _updated(self, state: ItemState, message: Message) -> ItemState:
        if isinstance(message, MediaExtracted) and state.is_newer(message):
            self._parts[_extraction_key(message.media_id)] = encode(message)
            return state.with_extraction(message, self._clock())
        if isinstance(message, DetectorScore):
            part = _score_key(message.media_id, message.detector, message.chunk_index)
            if part not in self._parts:
                self._parts[part] = encode(message)
                return state.with_answer(message, self._clock())
        return state

    async def _take(self, step: Step, key: bytes, state: ItemState, *, changed: bool) -> None:
        if step is Step.FORGET:
            self._drop_parts(key.decode(), state)
            _drop(self._items, key)
        elif step is Step.FINAL:
            verdict = await self._tell(key.decode(), state, Lifecycle.FINAL)
            self._drop_parts(key.decode(), state)
            self._items[key] = state.tombstone(verdict.event_id, self._clock()).to_bytes()
        elif step is Step.FIRST_LOOK:
            await self._tell(key.decode(), state, Lifecycle.PROVISIONAL)
            self._items[key] = state.told(self._clock()).to_bytes()
        elif changed:
            self._items[key] = state.to_bytes()

    async def _tell(self, media_id: str, state: ItemState, lifecycle: Lifecycle) -> MediaVerdict:
        raw_extraction = self._parts[_extraction_key(media_id)]
        raw_scores = [self._parts[part] for part in self._score_parts(media_id, state)]

        def judged() -> MediaVerdict:
            return judge(
                decode(raw_extraction, MediaExtracted),
                [decode(raw, DetectorScore) for raw in raw_scores],
                members=self._members,
                policy=self._policy,
                seq=state.seq + 1,
                lifecycle=lifecycle,
            )

        # A long video's bootstrap takes a while; the event loop goes on meanwhile.
        verdict = await asyncio.to_thread(judged)
        await self._send([Outgoing(MEDIA_VERDICTS, verdict, state.trace)])
        _count(verdict)
        return verdict

    def _drop_parts(self, media_id: str, state: ItemState) -> None:
        for part in (_extraction_key(media_id), *self._score_parts(media_id, state)):
            _drop(self._parts, part)

    def _score_parts(self, media_id: str, state: ItemState) -> Iterator[bytes]:
        for detector in sorted(state.answered):
            for chunk in range(state.chunks):
                part = _score_key(media_id, detector, chunk)
                if part in self._parts:
                    yield part


def _count(verdict: MediaVerdict) -> None:
    metric("telltale_verdicts_total").labels(lifecycle=verdict.lifecycle, verdict=verdict.verdict).inc()
    if verdict.lifecycle is Lifecycle.FINAL:
        for reason in verdict.reasons:
            metric("telltale_gates_total").labels(reason=reason).inc()
    if verdict.seq == 1 or verdict.lifecycle is Lifecycle.FINAL:
        took_s = (verdict.produced_at - verdict.uploaded.received_at).total_seconds()
        metric("telltale_end_to_end_seconds").labels(lifecycle=verdict.lifecycle).observe(max(0.0, took_s))


def _drop(table: Table, key: bytes) -> None:
    # Faust writes the deletion to the changelog for ``del`` only.
    if key in table:
        del table[key]


def _extraction_key(media_id: str) -> bytes:
    return f"{media_id}/extracted".encode()


def _score_key(media_id: str, detector: str, chunk_index: int) -> bytes:
    return f"{media_id}/{detector}/{chunk_index}".encode()
