"""A stage's reader acknowledges nothing by itself, keeps the order, and loses nothing when it is stopped."""

from typing import Any

from stream_processors.micro_batch import MicroBatch
from stream_processors.ordered_acks import OrderedAcks
from tests.support.faust_records import FakeStream, an_event


def offset_of(event: Any) -> int:
    return event.message.offset


async def read_all(stream: FakeStream, *, size: int = 3, age_s: float = 60.0) -> list[list[int]]:
    acks = OrderedAcks(stream)  # type: ignore[arg-type]  # a fake with the same face
    batch = MicroBatch[int](size=size, age_s=age_s)
    return [items async for items, _ in acks.in_batches(batch, offset_of)]


async def test_batches_fill_up_and_the_rest_is_given_out_at_the_stop():
    stream = FakeStream()
    stream.put(*(an_event(offset=n) for n in range(7)), None)
    assert await read_all(stream) == [[0, 1, 2], [3, 4, 5], [6]]
    assert stream.acked == []


async def test_an_old_batch_is_given_out_before_it_is_full():
    stream = FakeStream()
    stream.put(an_event(offset=0), an_event(offset=1))
    acks = OrderedAcks(stream)  # type: ignore[arg-type]
    batches = acks.in_batches(MicroBatch[int](size=100, age_s=0.01), offset_of)
    items, waited_s = await anext(batches)
    assert items == [0, 1]
    assert waited_s >= 0.01
    await batches.aclose()


async def test_single_events_are_acknowledged_only_by_us_and_in_order():
    stream = FakeStream()
    stream.put(*(an_event(offset=n) for n in range(3)), None)
    acks = OrderedAcks(stream)  # type: ignore[arg-type]
    seen = []
    async for event in acks.one_by_one():
        assert stream.acked == seen
        seen.append(event.message.offset)
        await acks.acknowledge([event])
    assert stream.acked == [0, 1, 2]


async def test_a_failing_batch_leaves_everything_unacknowledged():
    stream = FakeStream()
    stream.put(*(an_event(offset=n) for n in range(4)))
    acks = OrderedAcks(stream)  # type: ignore[arg-type]
    batches = acks.in_batches(MicroBatch[int](size=2, age_s=60.0), offset_of)
    await anext(batches)
    await batches.aclose()  # what a raising agent does to its reader
    assert stream.acked == []
