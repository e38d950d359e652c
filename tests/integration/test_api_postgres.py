"""Read model and API on a real PostgreSQL: the answers of SQLite, from indexes, with several writers at a time."""

import itertools
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from contracts.vocabulary import Verdict
from dashboard import item_counts, item_queries
from dashboard.api import webhook_tables  # noqa: F401 - makes its tables
from dashboard.api.webhook_store import WebhookStore, Wish
from dashboard.item_pages import page_after, page_at, place_of_row
from dashboard.item_search import Order, Question
from dashboard.projection import Tab
from dashboard.read_model import ReadModelWriter, open_engine
from tests.support.api_server import client_of, serving, settings_of
from tests.support.items import NOON, a_dead_letter, a_probability, a_verdict, an_extraction, an_upload
from tests.support.postgres_server import PostgresServer
from tests.support.read_models import Deployment

pytestmark = pytest.mark.postgres

WORDS = {0.95: Verdict.LIKELY_MANIPULATED, 0.5: Verdict.SOME_EVIDENCE, None: Verdict.NOT_ASSESSED}


def stories() -> list:
    told = []
    for number, (value, word) in enumerate([*WORDS.items()] * 4):
        upload = an_upload(f"desk/Ünal {number} 100%_sure.mp4", at=NOON + timedelta(minutes=number // 2))
        probability = None if value is None else a_probability(value)
        told += [upload, an_extraction(upload), a_verdict(upload, word, probability=probability)]
    failed = an_upload("broken.mp4", at=NOON)
    return [*told, failed, a_dead_letter(failed)]


def walked(engine: Engine, question: Question, *, limit: int) -> list[str]:
    found: list[str] = []
    after = None
    while rows := page_after(engine, question, after, limit=limit):
        found += [row["name"] for row in rows]
        after = place_of_row(rows[-1], question.order)
    return found


def walked_back(engine: Engine, question: Question, *, limit: int) -> list[str]:
    """From the last page to the first, then told in the order of the list."""
    page = page_at(engine, question, limit=limit)
    while after := page.after(question.order):
        page = page_at(engine, question, after=after, limit=limit)
    found = [row["name"] for row in page.rows]
    while before := page.before(question.order):
        page = page_at(engine, question, before=before, limit=limit)
        found = [*(row["name"] for row in page.rows), *found]
    return found


@pytest.fixture
def both(engine: Engine, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    sqlite = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    for one in (engine, sqlite):
        ReadModelWriter(one).apply(stories())
        ReadModelWriter(one).apply(stories())
    yield engine, sqlite
    sqlite.dispose()


def test_lists_are_those_of_sqlite(both: tuple[Engine, Engine]):
    questions = (
        {},
        {"tab": Tab.SOME_EVIDENCE},
        {"text": "100%_ ünal"},
        {"text": "desk 1"},
        {"source": "desk/Ü"},
        {"source": "incoming"},
        {"detector": "telltale", "since_s": NOON.timestamp() + 60},
        {"reviewed": False, "before_s": NOON.timestamp() + 180},
    )
    for order, question in itertools.product(Order, questions):
        asked = Question(order=order, **question)
        here, there = (walked(engine, asked, limit=3) for engine in both)
        if "ünal" not in asked.text:  # SQLite knows capital letters of ASCII only
            assert here == there, asked
        assert len(here) == len(set(here)) > 0, asked
        assert walked_back(both[0], asked, limit=3) == here
        if "ünal" not in asked.text:
            assert item_counts.counted(both[0], asked) == item_counts.counted(both[1], asked)
    assert item_queries.last_change(both[0]) == item_queries.last_change(both[1])
    assert item_queries.pulse(both[0]) == item_queries.pulse(both[1])
    assert item_counts.tab_counts(both[0], Question()) == item_counts.tab_counts(both[1], Question())


def test_lists_are_read_from_indexes(engine: Engine):
    many = (
        "INSERT INTO items (media_id, change, created_change, name, source_key, bucket, arrived_at_s, lifecycle, tab, "
        "kind, seq, value, untrained, detectors_done, detectors_all) SELECT lpad(to_hex(i), 32, '0'), i, i, "
        "i || '.mp4', i || '.mp4', 'incoming', i, 'final', CASE WHEN i % 5 = 0 THEN 'likely' ELSE 'none' END, "
        "'video', 1, CASE WHEN i % 3 = 0 THEN NULL ELSE i / 2e4 END, false, 1, 1 FROM generate_series(1, 20000) AS i"
    )
    with engine.begin() as connection:
        connection.execute(text(many))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE items"))
        for order in Order:
            for tab in (None, Tab.LIKELY_MANIPULATED):
                statement = item_queries.page_statement(Question(order=order, tab=tab))
                compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
                asked = text(f"EXPLAIN {compiled}".replace(":", r"\:"))
                plan = "\n".join(row[0] for row in connection.execute(asked))
                assert "Index Scan" in plan and "Seq Scan" not in plan, (order, tab, plan)
        # Of so few rows reading all is cheap: the index has to be usable, not yet the cheaper way.
        connection.execute(text("SET enable_seqscan = off"))
        looked = connection.execute(text("EXPLAIN SELECT media_id FROM items WHERE source_key ILIKE '%19977.m%'"))
        assert "item_words" in "\n".join(row[0] for row in looked)
    assert [row["name"] for row in item_queries.page_of(engine, Question(text="19977.MP4"))] == ["19977.mp4"]


def test_writers_of_several_processes_number_one_after_the_other(postgres: PostgresServer, engine: Engine):
    others = [open_engine(postgres.url) for _ in range(3)]

    def write(part: int) -> None:
        for number in range(5):
            upload = an_upload(f"{part}-{number}.mp4")
            ReadModelWriter(others[part]).apply([upload, a_verdict(upload)])

    threads = [threading.Thread(target=write, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert item_queries.last_change(engine) == 30
    assert sum(item_counts.tab_counts(engine, Question()).values()) == 15
    with engine.connect() as connection:
        changes = list(connection.scalars(text("SELECT change FROM items UNION SELECT change FROM verdict_events")))
    assert len(set(changes)) == 15
    for other in others:
        other.dispose()


def test_the_api_answers_from_it(postgres: PostgresServer, engine: Engine, tmp_path: Path):
    deployment = Deployment.make(tmp_path / "home")
    ReadModelWriter(engine).apply(stories())
    with serving(settings_of(deployment, read_model_url=postgres.url)) as address, client_of(address) as api:
        first = api.get("/v1/items", params={"limit": 5, "sort": "strongest"}).raise_for_status().json()
        rest = api.get("/v1/items", params={"cursor": first["next"], "sort": "strongest"}).json()
        assert len(first["items"] + rest["items"]) == 13
        for one in first["items"]:
            row = item_queries.item_row(engine, one["media_id"])
            assert row is not None
            assert one["probability"] == {name: row[name] for name in ("value", "low", "high")}
        assert len(api.get("/v1/verdicts").json()["events"]) == 12
        assert api.get("/v1/items/counts").json()["likely"] == 4
        assert len(api.get("/v1/dead-letters").json()["dead_letters"]) == 1


def test_webhooks_are_queued_once_and_held_by_one(engine: Engine):
    store = WebhookStore(engine)
    wish = Wish(url="http://example.org/", description="", lifecycles=(), verdicts=(), after=0)
    hook = store.add(wish, who="test", now_s=0.0)
    ReadModelWriter(engine).apply(stories())
    assert store.queue_new_events(hook, now_s=1.0) == 12
    assert store.queue_new_events(hook, now_s=2.0) == 12  # the same old row: each event is known
    assert len(store.due(hook["webhook_id"], now_s=3.0, limit=50)) == 12
    assert [store.may_deliver(name, now_s=5.0, for_s=60.0) for name in ("a", "b", "a")] == [True, False, True]
    assert store.may_deliver("b", now_s=70.0, for_s=60.0)
