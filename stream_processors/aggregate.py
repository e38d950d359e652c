"""Extraction facts and scores in, verdicts out: first looks while answers come in, one final verdict, then oblivion."""

import time
from collections.abc import Sequence

import faust

from contracts.messages import Message
from contracts.settings import AggregateSettings
from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, REMINDERS
from contracts.vocabulary import Stage
from stream_processors.aggregator import Aggregator
from stream_processors.app import build_app
from stream_processors.create_topics import AGGREGATE_GROUP, ITEMS_TABLE, PARTS_TABLE
from stream_processors.dead_letters import record_of
from stream_processors.intake import Intake
from stream_processors.item_state import Clockwork
from stream_processors.members import Member
from stream_processors.ordered_acks import OrderedAcks
from stream_processors.outbox import trace_of
from stream_processors.patience import Stopping, with_patience
from stream_processors.policy import DEFAULT_POLICY, Policy
from stream_processors.tries import Tries, WorkerKilled, tries_at

INPUTS = (MEDIA_EXTRACTED, DETECTOR_SCORES, REMINDERS)
_CARRIES = {topic.name: topic.carries for topic in INPUTS}


def build(
    settings: AggregateSettings,
    members: Sequence[Member],
    *,
    partitions: int,
    policy: Policy = DEFAULT_POLICY,
) -> faust.App:
    """The app that keeps the state of open items; its input and table topics all have ``partitions`` partitions."""
    app = build_app(settings, AGGREGATE_GROUP, partitions=partitions)
    intake = Intake(app, Stage.AGGREGATE, settings)
    items, parts = (
        app.Table(name, key_type=bytes, value_type=bytes, partitions=partitions) for name in (ITEMS_TABLE, PARTS_TABLE)
    )
    aggregator = Aggregator(
        items=items,
        parts=parts,
        send=intake.outbox.send,
        members=members,
        clockwork=Clockwork.of(settings, started_s=time.time()),
        policy=policy,
    )

    tried = _Tried(intake, aggregator, tries_at(settings.home))

    async def aggregate(stream: faust.StreamT) -> None:
        """The only writer of the tables, which are flushed before the input is acknowledged."""
        acks = OrderedAcks(stream)
        async for event in acks.one_by_one():
            try:
                await tried.finish(event)
            except Stopping:
                return
            await intake.outbox.flush()
            await acks.acknowledge([event])

    async def remind() -> None:
        """Only says what is due; the agent decides again and writes."""
        owned = {place.partition for place in app.consumer.assignment() if place.topic == REMINDERS.name}
        await intake.outbox.send(aggregator.reminders(owned))

    app.agent(intake.topic(*INPUTS), name="aggregate", concurrency=1)(aggregate)
    app.timer(settings.reminder_interval_s)(remind)
    return app


class _Tried:
    """Lets the aggregator learn of one record after the other, with a count of the tries that outlives this process."""

    def __init__(self, intake: Intake, aggregator: Aggregator, tries: Tries) -> None:
        self._intake = intake
        self._aggregator = aggregator
        self._tries = tries

    async def finish(self, event: faust.EventT) -> None:
        """Work off one record. Raises ``Stopping``."""
        partition, trace, record = event.message.partition, trace_of(event), record_of(event)

        async def ended() -> None:
            self._tries.end(Stage.AGGREGATE, record)

        async def learn(message: Message) -> str:
            try:
                self._tries.begin(Stage.AGGREGATE, record)
            except WorkerKilled:
                # Reminders would bring the same judgement up again and again: the letter is this item's end.
                self._aggregator.give_up(message.media_id, partition=partition)
                raise
            return await self._aggregator.learn(message, partition=partition, trace=trace)

        try:
            await self._intake.finish(event, _CARRIES[event.message.topic], learn)
        except Stopping:
            self._tries.let_go(Stage.AGGREGATE, record)
            raise
        await with_patience(ended, self._intake.app)
