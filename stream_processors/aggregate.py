"""Extraction facts and scores in, verdicts out: first looks while answers come in, one final verdict, then oblivion."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import faust
from faust.types import TableT

from contracts.codec import decode, encode
from contracts.messages import DetectorScore, MediaExtracted, MediaVerdict, Message, ReminderDue, utc_now
from contracts.settings import AggregateSettings
from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, MEDIA_VERDICTS, REMINDERS
from contracts.vocabulary import Lifecycle, Stage
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.app import build_app
from stream_processors.create_topics import AGGREGATE_GROUP, ITEMS_TABLE, PARTS_TABLE, changelog_of
from stream_processors.intake import Intake
from stream_processors.item_state import Clockwork, ItemState, Step, state_from
from stream_processors.judgement import judge
from stream_processors.members import Member
from stream_processors.ordered_acks import OrderedAcks
from stream_processors.outbox import trace_of
from stream_processors.patience import Stopping
from stream_processors.policy import DEFAULT_POLICY, Policy

_INPUTS = (MEDIA_EXTRACTED, DETECTOR_SCORES, REMINDERS)
_CARRIES = {topic.name: topic.carries for topic in _INPUTS}


def co_partitioned_topics() -> tuple[str, ...]:
    """The topics whose partitions must be as many, so that everything about an item meets in one worker."""
    return (*_CARRIES, changelog_of(ITEMS_TABLE), changelog_of(PARTS_TABLE))


def build(
    settings: AggregateSettings,
    members: Sequence[Member],
    *,
    partitions: int,
    policy: Policy = DEFAULT_POLICY,
) -> faust.App:
    """The app that keeps the state of open items; all its input topics have ``partitions`` partitions."""
    app = build_app(settings, AGGREGATE_GROUP, partitions=partitions)
    intake = Intake(app, Stage.AGGREGATE)
    items, parts = (
        app.Table(name, key_type=bytes, value_type=bytes, partitions=partitions) for name in (ITEMS_TABLE, PARTS_TABLE)
    )
    agent = _AggregateAgent(intake, items, parts, members, Clockwork.of(settings, started_s=time.time()), policy)
    app.agent(intake.topic(*_INPUTS), name="aggregate", concurrency=1)(agent.run)
    app.timer(settings.reminder_interval_s)(agent.remind)
    return app


class _AggregateAgent:
    """The only writer of its tables: items by media id, and their parts one by one under composite keys.

    A verdict is confirmed before the tables say that it went out, and the tables are flushed before the input is
    acknowledged. A crash in between repeats the last verdict with the same ``event_id`` and loses nothing.
    """

    def __init__(
        self,
        intake: Intake,
        items: TableT,
        parts: TableT,
        members: Sequence[Member],
        clockwork: Clockwork,
        policy: Policy,
    ) -> None:
        self._intake = intake
        self._items = items
        self._parts = parts
        self._members = members
        self._clockwork = clockwork
        self._policy = policy

    async def run(self, stream: faust.StreamT) -> None:
        acks = OrderedAcks(stream)
        async for event in acks.one_by_one():
            carries = _CARRIES[event.message.topic]
            try:
                await self._intake.finish(event, carries, lambda message, event=event: self._learn(message, event))
            except Stopping:
                return
            await self._intake.outbox.flush()
            await acks.acknowledge([event])

    async def remind(self) -> None:
        """Send a reminder for every item of ours that only the clock moves on; writing is left to the agent."""
        now_s, owned = time.time(), self._intake.app.consumer.assignment()
        due, still_open = [], 0
        for key, raw in list(self._items.items()):
            if self._intake.app.producer.key_partition(REMINDERS.name, key) not in owned:
                continue
            state = state_from(raw)
            still_open += not state.finished
            if self._clockwork.step(state, now_s) is not Step.NOTHING:
                reminder = ReminderDue(media_id=key.decode(), due_at=utc_now())
                due.append(Outgoing(REMINDERS, reminder, state.trace))
        metric("telltale_items_open").set(still_open)
        await self._intake.outbox.send(due)

    async def _learn(self, message: Message, event: faust.EventT) -> str:
        key, now_s = message.media_id.encode(), time.time()
        raw = self._items.get(key)
        before = state_from(raw) if raw else None
        if before is None and isinstance(message, ReminderDue):
            return "known"
        if before is not None and before.finished:
            if self._clockwork.step(before, now_s) is Step.FORGET:
                del self._items[key]
            return "known"
        state = self._updated(before or ItemState(news_s=now_s, trace=trace_of(event)), message, now_s)
        await self._take(self._clockwork.step(state, now_s), key, state, changed=state is not before)
        return "done"

    def _updated(self, state: ItemState, message: Message, now_s: float) -> ItemState:
        if isinstance(message, MediaExtracted) and state.is_newer(message):
            self._parts[_extraction_key(message.media_id)] = encode(message)
            return state.with_extraction(message, now_s)
        if isinstance(message, DetectorScore):
            part = _score_key(message.media_id, message.detector, message.chunk_index)
            if part not in self._parts:
                self._parts[part] = encode(message)
                return state.with_answer(message, now_s)
        return state

    async def _take(self, step: Step, key: bytes, state: ItemState, *, changed: bool) -> None:
        if step is Step.FORGET:
            self._drop_parts(key.decode(), state)
            del self._items[key]
        elif step is Step.FINAL:
            verdict = await self._tell(key.decode(), state, Lifecycle.FINAL)
            self._drop_parts(key.decode(), state)
            self._items[key] = state.tombstone(verdict.event_id, time.time()).to_bytes()
        elif step is Step.FIRST_LOOK:
            await self._tell(key.decode(), state, Lifecycle.PROVISIONAL)
            self._items[key] = state.told(time.time()).to_bytes()
        elif changed:
            self._items[key] = state.to_bytes()

    async def _tell(self, media_id: str, state: ItemState, lifecycle: Lifecycle) -> MediaVerdict:
        extracted = decode(self._parts[_extraction_key(media_id)], MediaExtracted)
        raw_scores = [self._parts[part] for part in self._score_parts(media_id, state)]

        def judged() -> MediaVerdict:
            scores = [decode(raw, DetectorScore) for raw in raw_scores]
            return judge(
                extracted, scores, members=self._members, policy=self._policy, seq=state.seq + 1, lifecycle=lifecycle
            )

        verdict = await asyncio.to_thread(judged)
        await self._intake.outbox.send([Outgoing(MEDIA_VERDICTS, verdict, state.trace)])
        self._count(verdict)
        return verdict

    def _count(self, verdict: MediaVerdict) -> None:
        metric("telltale_verdicts_total").labels(lifecycle=verdict.lifecycle, verdict=verdict.verdict).inc()
        if verdict.seq == 1 or verdict.lifecycle is Lifecycle.FINAL:
            took_s = (verdict.produced_at - verdict.uploaded.received_at).total_seconds()
            metric("telltale_end_to_end_seconds").labels(lifecycle=verdict.lifecycle).observe(max(0.0, took_s))

    def _drop_parts(self, media_id: str, state: ItemState) -> None:
        for part in [_extraction_key(media_id), *self._score_parts(media_id, state)]:
            if part in self._parts:
                del self._parts[part]

    def _score_parts(self, media_id: str, state: ItemState) -> Iterator[bytes]:
        for detector in sorted(state.answered):
            for chunk in range(state.chunks):
                part = _score_key(media_id, detector, chunk)
                if part in self._parts:
                    yield part


def _extraction_key(media_id: str) -> bytes:
    return f"{media_id}/extracted".encode()


def _score_key(media_id: str, detector: str, chunk_index: int) -> bytes:
    return f"{media_id}/{detector}/{chunk_index}".encode()
