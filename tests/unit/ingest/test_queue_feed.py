"""Messages of a queue are deleted only when Kafka has confirmed what they brought, and stay in hand until then."""

import json
from collections.abc import Sequence
from typing import cast

import pytest

from contracts.errors import NotNow, PoisonMessage
from ingest.bucket_listing import BucketListing
from ingest.dialects import DIALECTS
from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store
from ingest.queue_feed import LONGEST_WAIT_S, HeldMessages, QueueFeed
from ingest.sightings import Sightings
from ingest.sqs_queue import QueuedMessage, SqsQueue
from tests.support.children import wait_until
from tests.support.fake_store import FakeStore


class FakeQueue:
    """A queue in memory that never shows a received message again by itself."""

    name = "uploads"
    hidden_s = 30.0

    def __init__(self) -> None:
        self.waiting: list[QueuedMessage] = []
        self.deleted: list[str] = []
        self.hidden: list[tuple[list[str], int]] = []
        self.waits: list[int] = []
        self.is_away = False

    def send(self, body: bytes) -> None:
        number = str(len(self.waiting) + len(self.deleted))
        self.waiting.append(QueuedMessage(number, f"receipt {number}", body))

    def receive(self, *, wait_s: int) -> list[QueuedMessage]:
        self.waits.append(wait_s)
        received, self.waiting = self.waiting, []
        return received

    def delete(self, messages: Sequence[QueuedMessage]) -> None:
        if self.is_away:
            raise NotNow("the queue is away")
        self.deleted += [one.message_id for one in messages]

    def hide(self, messages: Sequence[QueuedMessage], *, for_s: int) -> None:
        self.hidden.append(([one.message_id for one in messages], for_s))


class Setup:
    """A feed with everything around it faked."""

    def __init__(self) -> None:
        self.queue, self.store = FakeQueue(), FakeStore()
        self.seen: list[str] = []
        self.parked: list[bytes] = []
        self.kafka_is_away = False
        store = cast(S3Store, self.store)
        self.feed = QueueFeed(
            cast(SqsQueue, self.queue),
            Sightings(store, DIALECTS["aws"]),
            BucketListing(store, self.announce, interval_s=60.0, clock=lambda: 0.0),
            announce=self.announce,
            park=self.park,
        )

    def announce(self, seen: Sequence[StoredObject]) -> int:
        self._serve()
        self.seen += [found.key for found in seen]
        return len(seen)

    def park(self, message: QueuedMessage, why: PoisonMessage) -> None:
        self._serve()
        self.parked.append(message.body)

    def _serve(self) -> None:
        if self.kafka_is_away:
            raise NotNow("Kafka is away")


@pytest.fixture
def on() -> Setup:
    """After the first listing, which found nothing."""
    setup = Setup()
    setup.feed.step()
    setup.store.write("a b.mp4", b"1")
    return setup


def a_notice(key: str = "a+b.mp4") -> bytes:
    place = {"bucket": {"name": "incoming"}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": place}]}).encode()


def test_a_message_is_deleted_after_its_object_was_announced(on: Setup):
    on.queue.send(a_notice())
    on.feed.step()
    assert (on.seen, on.queue.deleted) == (["a b.mp4"], ["0"])


@pytest.mark.parametrize("away", ["kafka", "store"])
def test_a_message_stays_in_hand_until_everything_is_there(on: Setup, away: str):
    on.queue.send(a_notice())
    on.kafka_is_away, on.store.is_away = away == "kafka", away == "store"
    for _ in range(3):
        with pytest.raises(NotNow):
            on.feed.step()
    assert on.queue.deleted == []
    assert len(on.queue.waits) == 2  # it was received once, however often it was tried
    on.kafka_is_away = on.store.is_away = False
    on.feed.step()
    assert (on.seen, on.queue.deleted) == (["a b.mp4"], ["0"])


def test_a_message_that_could_not_be_deleted_is_tried_again(on: Setup):
    on.queue.send(a_notice())
    on.queue.is_away = True
    with pytest.raises(NotNow):
        on.feed.step()
    on.queue.is_away = False
    on.feed.step()
    assert on.queue.deleted == ["0"]


def test_poison_is_parked_before_it_is_deleted_and_the_rest_goes_on(on: Setup):
    on.queue.send(b"no json")
    on.queue.send(a_notice())
    on.kafka_is_away = True
    with pytest.raises(NotNow):
        on.feed.step()
    assert on.queue.deleted == []
    on.kafka_is_away = False
    on.feed.step()
    assert (on.parked, on.seen, on.queue.deleted) == ([b"no json"], ["a b.mp4"], ["0", "1"])


def test_the_end_gives_back_what_is_in_hand(on: Setup):
    on.queue.send(a_notice())
    on.kafka_is_away = True
    with pytest.raises(NotNow):
        on.feed.step()
    on.feed.close()
    assert on.queue.hidden == [(["0"], 0)]


def test_the_end_gives_nothing_back_where_nothing_is_in_hand(on: Setup):
    on.queue.send(a_notice())
    on.feed.step()
    on.feed.close()
    assert on.queue.hidden == []


def test_what_is_in_hand_is_kept_hidden_for_as_long_as_it_takes():
    queue = FakeQueue()
    queue.hidden_s = 0.03
    held = HeldMessages(cast(SqsQueue, queue))
    held.take([QueuedMessage("0", "receipt", b"")])
    wait_until(lambda: len(queue.hidden) >= 3)
    held.take(())
    held.close()
    assert set(map(str, queue.hidden)) == {str((["0"], 0.03))}


def test_the_queue_is_waited_for_only_until_the_next_listing(on: Setup):
    on.feed.step()
    assert on.queue.waits == [0, LONGEST_WAIT_S]
