"""A record over which workers die is tried three times; the count survives them and vanishes with an end."""

import pytest

from contracts.errors import NotNow
from ingest.parking import ParkedRecord
from stream_processors.dead_letters import reason_of
from stream_processors.tries import MOST_TRIES, Tries, WorkerKilled
from tests.support.fake_store import FakeStore

RECORD = ParkedRecord("media.uploaded.v1", 1, 5, b"item", b"{}")
REPLAYED = ParkedRecord("media.uploaded.v1", 1, 9, b"item", b"{}")


def test_the_fourth_worker_does_not_begin():
    work = FakeStore("work")
    for _ in range(MOST_TRIES):
        Tries(work).begin("item", RECORD)
    with pytest.raises(WorkerKilled, match="3 workers began this message"):
        Tries(work).begin("item", RECORD)
    Tries(work).begin("item", REPLAYED)
    assert reason_of(WorkerKilled) == "worker_killed"


def test_an_end_forgets_the_tries():
    work = FakeStore("work")
    for _ in range(10):
        tries = Tries(work)
        tries.begin("item", RECORD)
        tries.end("item", RECORD)
    assert work.objects == {}


def test_a_worker_that_waits_for_a_store_and_begins_again_counts_once():
    work = FakeStore("work")
    tries = Tries(work)
    for _ in range(10):
        tries.begin("item", RECORD)
    work.is_away = True
    with pytest.raises(NotNow):
        Tries(work).begin("item", RECORD)


def test_a_worker_that_stops_or_waits_has_not_died():
    work = FakeStore("work")
    Tries(work).begin("item", RECORD)
    for _ in range(10):
        tries = Tries(work)
        assert tries.before("item", RECORD) == 1
        tries.begin("item", RECORD)
        assert tries.before("item", RECORD) == 1
        tries.let_go("item", RECORD)
        tries.let_go("item", RECORD)
    assert Tries(work).before("item", RECORD) == 1
    fresh = Tries(work)
    fresh.begin("item", REPLAYED)
    fresh.let_go("item", REPLAYED)
    assert fresh.before("item", REPLAYED) == 0


def test_a_half_written_count_is_none():
    work = FakeStore("work")
    Tries(work).begin("item", RECORD)
    (key,) = work.objects
    work.write(key, b'{"tri')
    Tries(work).begin("item", RECORD)
    assert work.read(key) == b'{"tries": 1}'
