"""A bucket is held against a read model; what is missing is announced under the id that an event would give."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from dashboard.known_objects import known_items
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.read_tables import items
from ingest.announcer import Announcer
from ingest.ledger import Ledger
from ingest.object_stores.folder import FolderStore
from ingest.publisher import Outgoing
from ingest.reconciliation import Difference, Gap
from telltale.bench_reconcile import fill, make_files, measure
from telltale.reconcile import Tally, compare
from tests.support.fake_kafka import FakePublisher


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.make(tmp_path / "bucket")
    for key in ("a.mp4", "b/1.mp4", "b/.hidden.mp4", "c.mp4.part", "work/crops/1.zip"):
        store.write(key, key.encode())
        os.utime(store.path_of(key), (1_000, 1_000))
    return store


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def reconciled(
    store: FolderStore, engine: Engine, announcer: Announcer | None = None
) -> tuple[Tally, list[Difference]]:
    told: list[Difference] = []
    again = announcer.announce_again if announcer else None
    return compare(store, engine, tell=told.append, announce=again, ours="work/"), told


def messages(published: list[Outgoing]) -> list:
    return [one.message for one in published]


def test_what_is_missing_is_announced_once_and_then_known(store: FolderStore, engine: Engine, ledger: Ledger):
    publisher = FakePublisher()
    announcer = Announcer(store, ledger, publisher, own_prefix="work/")  # type: ignore[arg-type]
    announcer.announce([store.stat("a.mp4")])
    by_event = messages(publisher.published)[0].media_id
    publisher.published.clear()

    tally, told = reconciled(store, engine, announcer)
    assert [(gap.gap, gap.key) for gap in told] == [(Gap.MISSING, "a.mp4"), (Gap.MISSING, "b/1.mp4")]
    assert (tally.listed, tally.missing, tally.emitted) == (2, 2, 2)
    assert messages(publisher.published)[0].media_id == by_event

    ReadModelWriter(engine).apply(messages(publisher.published))
    assert reconciled(store, engine, announcer)[1] == []
    assert len(publisher.published) == 2


def test_what_changed_or_vanished_is_told(store: FolderStore, engine: Engine, ledger: Ledger):
    publisher = FakePublisher()
    announcer = Announcer(store, ledger, publisher, own_prefix="work/")  # type: ignore[arg-type]
    reconciled(store, engine, announcer)
    ReadModelWriter(engine).apply(messages(publisher.published))
    store.delete("a.mp4")
    store.write("b/1.mp4", b"other")
    os.utime(store.path_of("b/1.mp4"), (2_000, 2_000))
    tally, told = reconciled(store, engine)
    assert [(gap.gap, gap.key) for gap in told] == [(Gap.VANISHED, "a.mp4"), (Gap.CHANGED, "b/1.mp4")]
    assert (tally.vanished, tally.changed, tally.emitted) == (1, 1, 0)


def test_a_young_object_may_still_be_on_its_way(store: FolderStore, engine: Engine):
    os.utime(store.path_of("a.mp4"))
    tally, told = reconciled(store, engine)
    assert (tally.young, [gap.key for gap in told]) == (1, ["b/1.mp4"])


@pytest.mark.parametrize("page", [1, 2, 7, 1000])
def test_every_item_comes_once_whatever_the_size_of_a_page(tmp_path: Path, engine: Engine, page: int):
    store = make_files(tmp_path / "many", 100)
    fill(engine, store)
    with engine.begin() as connection:  # two more versions of one key
        row = dict(connection.execute(select(items).limit(1)).mappings().one())
        connection.execute(insert(items), [{**row, "media_id": "0"}, {**row, "media_id": "f" * 32}])
        count = connection.scalar(select(func.count()).select_from(items))
    found = list(known_items(engine, "many", page=page))
    assert found == sorted(found, key=lambda item: (item.key, item.media_id))
    assert len({item.media_id for item in found}) == len(found) == count
    assert list(known_items(engine, "another", page=page)) == []


def test_memory_stays_bounded(tmp_path: Path, engine: Engine):
    store = make_files(tmp_path / "many", 3_000)
    fill(engine, store)
    measured = measure(store, engine)
    assert (measured["missing"], measured["changed"], measured["vanished"]) == (3, 3, 3)
    assert measured["peak_mib"] < 16
