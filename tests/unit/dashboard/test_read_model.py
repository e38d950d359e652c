"""The read model keeps one row per item, numbers every change, and answers from its indexes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from contracts.errors import NotNow
from contracts.vocabulary import Lifecycle, MediaKind, Verdict
from dashboard import item_counts, item_queries
from dashboard.item_queries import Order, Question
from dashboard.projection import Tab
from dashboard.read_model import Position, ReadModelDamaged, ReadModelWriter, open_engine
from dashboard.read_tables import items
from dashboard.tallies import count_anew
from tests.support.items import (
    NOON,
    a_dead_letter,
    a_probability,
    a_verdict,
    an_extraction,
    an_upload,
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'home' / 'read_model.sqlite'}")
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: Engine) -> ReadModelWriter:
    return ReadModelWriter(engine)


def an_item(name: str, value: float | None, verdict: Verdict, *, minutes: int = 0):
    upload = an_upload(name, at=NOON + timedelta(minutes=minutes))
    probability = None if value is None else a_probability(value)
    return [upload, an_extraction(upload), a_verdict(upload, verdict, probability=probability)]


def names_of(engine: Engine, question: Question) -> list[str]:
    return [row["name"] for row in item_queries.page_of(engine, question)]


def test_a_whole_story_told_twice_changes_nothing_the_second_time(engine: Engine, writer: ReadModelWriter):
    upload = an_upload()
    story = [
        upload,
        an_extraction(upload),
        a_verdict(upload, seq=1, lifecycle=Lifecycle.PROVISIONAL),
        a_verdict(upload, seq=2),
        a_dead_letter(upload),
    ]
    last = writer.apply(story)
    row = item_queries.item_row(engine, upload.media_id)
    assert writer.apply(story) == last
    assert item_queries.item_row(engine, upload.media_id) == row
    assert len(item_queries.history_of(engine, upload.media_id)) == 2
    assert len(item_queries.dead_letters_of(engine, upload.media_id)) == 1


def test_every_change_has_the_next_number_and_can_be_asked_for(engine: Engine, writer: ReadModelWriter):
    first, second = an_upload("one.mp4"), an_upload("two.mp4")
    seen = writer.apply([first, second])
    assert seen == item_queries.last_change(engine) == 2
    writer.apply([a_verdict(first)])
    changed = item_queries.changes_since(engine, seen)
    assert [(row["name"], row["change"], row["created_change"]) for row in changed] == [("one.mp4", 3, 1)]
    assert item_queries.changes_since(engine, 3) == []


def test_a_batch_that_fails_leaves_nothing_behind(engine: Engine, writer: ReadModelWriter):
    def broken():
        yield an_upload()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        writer.apply(broken(), [Position("media.uploaded.v1", 0, 1)])
    assert item_queries.last_change(engine) == 0
    assert names_of(engine, Question()) == []
    assert writer.next_offset("media.uploaded.v1", 0) is None


def test_positions_are_kept_with_the_rows(writer: ReadModelWriter):
    writer.apply([an_upload()], [Position("media.uploaded.v1", 2, 17)])
    writer.apply([], [Position("media.uploaded.v1", 2, 19)])
    assert writer.next_offset("media.uploaded.v1", 2) == 19


def test_tabs_filters_search_and_order(engine: Engine, writer: ReadModelWriter):
    told = [
        an_item("rally Ünal.mp4", 0.95, Verdict.LIKELY_MANIPULATED),
        an_item("desk/100%_sure.mp4", 0.5, Verdict.SOME_EVIDENCE, minutes=1),
        an_item("quiet.mp4", None, Verdict.NOT_ASSESSED, minutes=2),
    ]
    writer.apply(message for story in told for message in story)
    newest = ["quiet.mp4", "100%_sure.mp4", "rally Ünal.mp4"]
    assert names_of(engine, Question()) == newest
    assert names_of(engine, Question(order=Order.OLDEST)) == newest[::-1]
    assert names_of(engine, Question(order=Order.STRONGEST)) == ["rally Ünal.mp4", "100%_sure.mp4", "quiet.mp4"]
    assert names_of(engine, Question(tab=Tab.SOME_EVIDENCE)) == ["100%_sure.mp4"]
    assert names_of(engine, Question(text="RALLY mp4")) == ["rally Ünal.mp4"]
    assert names_of(engine, Question(text="%_")) == ["100%_sure.mp4"]
    assert names_of(engine, Question(text=an_upload("quiet.mp4").media_id[:12])) == ["quiet.mp4"]
    assert names_of(engine, Question(kind=MediaKind.IMAGE)) == []
    counts = item_counts.tab_counts(engine, Question(text="mp4", tab=Tab.SOME_EVIDENCE))
    assert {tab: number for tab, number in counts.items() if number} == {
        Tab.LIKELY_MANIPULATED: 1,
        Tab.SOME_EVIDENCE: 1,
        Tab.NOT_ASSESSED: 1,
    }


def test_a_held_list_hides_later_items_and_counts_them(engine: Engine, writer: ReadModelWriter):
    held = writer.apply([an_upload("one.mp4")])
    writer.apply([an_upload("two.mp4"), a_verdict(an_upload("one.mp4"))])
    question = Question(until_change=held)
    assert names_of(engine, question) == ["one.mp4"]
    assert item_queries.newer_items(engine, question) == 1
    assert item_queries.newer_items(engine, Question()) == 0


def test_the_latest_item_of_a_key_is_found(engine: Engine, writer: ReadModelWriter):
    writer.apply([an_upload("uploads/x/clip.mp4")])
    row = item_queries.item_of_key(engine, "uploads/x/clip.mp4")
    assert row is not None
    assert row["name"] == "clip.mp4"
    assert item_queries.item_of_key(engine, "clip.mp4") is None


def test_the_heartbeat_ages(engine: Engine, writer: ReadModelWriter):
    assert item_queries.heartbeat_age_s(engine) is None
    writer.beat(now_s=100.0)
    writer.beat(now_s=110.0)
    assert item_queries.heartbeat_age_s(engine, now_s=112.5) == 2.5


def test_the_pulse_counts(engine: Engine, writer: ReadModelWriter):
    failed = an_upload("broken.mp4")
    writer.apply(
        [*an_item("a.mp4", 0.9, Verdict.LIKELY_MANIPULATED), an_upload("b.mp4"), failed, a_dead_letter(failed)]
    )
    pulse = item_queries.pulse(engine)
    assert (pulse.items, pulse.waiting, pulse.failed, pulse.dead_letters) == (3, 1, 1, 1)


def test_many_may_open_an_empty_one_in_the_same_moment(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'read_model.sqlite'}"
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(open_engine, [url] * 6))
    ReadModelWriter(engines[0]).apply([an_upload()])
    assert all(names_of(engine, Question()) == ["clip.mp4"] for engine in engines)
    for engine in engines:
        engine.dispose()


def test_an_older_one_gets_what_came_later(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'read_model.sqlite'}"
    older = open_engine(url)
    ReadModelWriter(older).apply([an_upload("desk/one.mp4"), an_upload("desk/two.mp4")])
    with older.begin() as connection:
        connection.execute(text("DROP INDEX verdict_events_by_change"))
        connection.execute(text("ALTER TABLE verdict_events DROP COLUMN change"))
        connection.execute(text("ALTER TABLE dead_letters DROP COLUMN attempts"))
        connection.execute(text("DROP TABLE tallies"))
        connection.execute(text("DROP TRIGGER item_words_in"))
        connection.execute(text("DROP TRIGGER item_words_out"))
        connection.execute(text("DROP TABLE item_words"))
    older.dispose()
    newer = open_engine(url)
    assert sum(item_counts.tab_counts(newer, Question()).values()) == 2
    assert names_of(newer, Question(text="two")) == ["two.mp4"]
    assert ReadModelWriter(newer).apply([a_verdict(an_upload("desk/one.mp4")), a_dead_letter(an_upload("x.mp4"))]) == 3
    assert sum(item_counts.tab_counts(newer, Question()).values()) == 2
    newer.dispose()


def test_two_processes_may_open_it(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'read_model.sqlite'}"
    first, second = open_engine(url), open_engine(url)
    ReadModelWriter(first).apply([an_upload()])
    assert names_of(second, Question()) == ["clip.mp4"]
    with second.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    first.dispose()
    second.dispose()


MANY = """
INSERT INTO items (media_id, change, created_change, name, source_key, bucket, arrived_at_s, lifecycle, tab, kind, seq,
                   value, untrained, detectors_done, detectors_all)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
SELECT printf('%032x', i), i, i, i || '.mp4', i || '.mp4', 'incoming', i, 'final', TABS, 'video', 1,
       CASE WHEN i % 3 THEN NULL ELSE i / 100000.0 END, 0, 1, 1 FROM n
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A hundred thousand items, so that the database has reason to choose its indexes."""
    made = open_engine(f"sqlite:///{tmp_path_factory.mktemp('full') / 'read_model.sqlite'}")
    tabs = " ".join(f"WHEN {number} THEN '{tab}'" for number, tab in enumerate(Tab))
    with made.begin() as connection:
        connection.execute(text(MANY.replace("TABS", f"CASE i % {len(Tab)} {tabs} END")))
        connection.execute(text("ANALYZE"))
        count_anew(connection)
    yield made
    made.dispose()


def plan_of(engine: Engine, statement) -> str:
    compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        return " | ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("tab", [None, *Tab])
def test_a_page_is_read_from_one_end_of_an_index(full: Engine, order: Order, tab: Tab | None):
    plan = plan_of(full, item_queries.page_statement(Question(order=order, tab=tab)))
    assert "USING INDEX" in plan
    assert "TEMP B-TREE" not in plan


def test_changes_and_single_items_are_found_by_index(full: Engine):
    assert "items_by_change" in plan_of(full, item_queries.changes_statement(99_990, limit=5))
    assert [row["change"] for row in item_queries.changes_since(full, 99_997)] == [99_998, 99_999]
    assert "USING INDEX" in plan_of(full, items.select().where(items.c.source_key == "7.mp4"))


def test_tab_counts_are_read_from_an_index_alone(full: Engine):
    assert sum(item_counts.tab_counts(full, Question()).values()) == 100_000


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path):
    file = tmp_path / "read_model.sqlite"
    file.write_bytes(b"no database " * 1000)
    with pytest.raises(ReadModelDamaged, match="move the file away") as why:
        open_engine(f"sqlite:///{file}")
    assert str(file) in str(why.value)
    assert file.read_bytes().startswith(b"no database"), "nothing is thrown away"


def test_a_removed_read_model_is_noticed_and_read_anew(engine: Engine, writer: ReadModelWriter):
    upload = an_upload("clip.mp4")
    writer.apply([upload], [Position("media.uploaded.v1", 0, 7)])
    file = Path(str(engine.url.database))
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink()
    with pytest.raises(NotNow, match="removed"):
        writer.require_the_same()
    other = open_engine(str(engine.url))  # a page was faster, and a projector that did not look wrote into its file
    ReadModelWriter(other).apply([], [Position("media.uploaded.v1", 0, 9)])
    other.dispose()
    writer.begin_anew()
    writer.require_the_same()
    assert item_queries.item_row(engine, upload.media_id) is None
    assert writer.next_offset("media.uploaded.v1", 0) is None
