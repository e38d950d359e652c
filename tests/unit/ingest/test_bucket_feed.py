"""Notifications and listings become sightings of what is really in the store; nothing is committed too early."""

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from contracts.errors import NotNow, PoisonMessage
from ingest.bucket_feed import BucketFeed
from ingest.bucket_listing import BucketListing
from ingest.dialects import DIALECTS
from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store
from ingest.sightings import Sightings
from tests.support.fake_kafka import FakeConsumer
from tests.support.fake_store import FakeStore


class Listener:
    """Stands for whoever announces and parks."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.parked: list[bytes] = []
        self.is_away = False

    def announce(self, seen: Sequence[StoredObject]) -> int:
        if self.is_away and seen:
            raise NotNow("Kafka is away")
        self.seen += [found.key for found in seen]
        return len(seen)

    def park(self, record: Any, why: PoisonMessage) -> None:
        self.parked.append(record.value)


class Setup:
    """A feed with everything around it faked, its clock set by hand."""

    def __init__(self) -> None:
        self.store, self.consumer, self.listener, self.now_s = FakeStore(), FakeConsumer(), Listener(), 0.0
        store = cast(S3Store, self.store)
        self.feed = BucketFeed(
            consumer=cast(Any, self.consumer),
            sightings=Sightings(store, DIALECTS["versitygw"]),
            listing=BucketListing(store, self.listener.announce, interval_s=60.0, clock=lambda: self.now_s),
            announce=self.listener.announce,
            park=self.listener.park,
        )


@pytest.fixture
def on() -> Setup:
    """After the first listing, which found nothing."""
    setup = Setup()
    setup.feed.step()
    return setup


def a_notice(key: str, *, name: str = "s3:ObjectCreated:Put", bucket: str = "incoming") -> bytes:
    place = {"bucket": {"name": bucket}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventName": name, "s3": place}]}).encode()


def test_a_notified_object_is_sighted_and_then_committed(on: Setup):
    on.store.write("a.mp4", b"1")
    on.consumer.groups.append([a_notice("a.mp4")])
    on.feed.step()
    assert on.listener.seen == ["a.mp4"]
    assert on.consumer.committed == 1


@pytest.mark.parametrize(
    "notice",
    [
        a_notice("gone.mp4"),
        a_notice("a.mp4", name="s3:ObjectRemoved:Delete"),
        a_notice("a.mp4", name="s3:ObjectTagging:Put"),
        a_notice("a.mp4", bucket="somebody else's"),
        b'{"Service":"S3","Event":"s3:TestEvent"}',
    ],
)
def test_what_brings_no_object_is_committed_and_passed_over(on: Setup, notice: bytes):
    on.store.write("a.mp4", b"1")
    on.consumer.groups.append([notice])
    on.feed.step()
    assert not on.listener.seen
    assert not on.listener.parked
    assert on.consumer.committed == 1


@pytest.mark.parametrize("notice", [b"no json", a_notice("a/../b.mp4")])
def test_poison_is_parked_and_the_rest_goes_on(on: Setup, notice: bytes):
    on.store.write("a.mp4", b"1")
    on.consumer.groups.append([notice, a_notice("a.mp4")])
    on.feed.step()
    assert on.listener.parked == [notice]
    assert on.listener.seen == ["a.mp4"]
    assert on.consumer.committed == 1


def test_while_the_store_is_away_nothing_is_committed(on: Setup):
    on.store.is_away = True
    on.consumer.groups.append([a_notice("a.mp4")])
    with pytest.raises(NotNow):
        on.feed.step()
    assert on.consumer.committed == 0


def test_while_kafka_is_away_nothing_is_committed(on: Setup):
    on.store.write("a.mp4", b"1")
    on.listener.is_away = True
    on.consumer.groups.append([a_notice("a.mp4")])
    with pytest.raises(NotNow):
        on.feed.step()
    assert on.consumer.committed == 0


def test_a_lost_notification_is_found_by_the_next_listing(on: Setup):
    on.store.write("a.mp4", b"1")
    on.now_s = 59.0
    on.feed.step()
    assert not on.listener.seen
    on.now_s = 60.0
    on.feed.step()
    assert on.listener.seen == ["a.mp4"]


def test_notifications_do_not_wait_for_a_long_listing():
    setup = Setup()
    for number in range(1200):
        setup.store.write(f"old/{number}", b"")
    setup.feed.step()
    assert len(setup.listener.seen) == 500
    setup.store.write("new.mp4", b"1")
    setup.consumer.groups.append([a_notice("new.mp4")])
    setup.feed.step()
    assert setup.listener.seen[500] == "new.mp4"
    setup.feed.step()
    assert len(set(setup.listener.seen)) == 1201


def test_a_listing_that_broke_off_begins_again_at_once():
    setup = Setup()
    setup.store.is_away = True
    with pytest.raises(NotNow):
        setup.feed.step()
    setup.store.is_away = False
    setup.store.write("a.mp4", b"1")
    setup.feed.step()
    assert setup.listener.seen == ["a.mp4"]
