"""On PostgreSQL the log is refused changes too, stays one chain among writers, and is deleted from as on SQLite."""

import threading

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import DatabaseError

from contracts.vocabulary import Verdict
from dashboard.custody.checks import chain_report
from dashboard.custody.erasure import erase_bodies, erase_rows, rows_of, scrub
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import forget, links, record, writing
from dashboard.custody.tables import audit_bodies, audit_chain, audit_head
from dashboard.read_model import ReadModelWriter
from tests.support.items import a_verdict, an_extraction, an_upload

pytestmark = pytest.mark.postgres


def tell(engine: Engine, name: str) -> str:
    upload = an_upload(name)
    told = [upload, an_extraction(upload, complete=True), a_verdict(upload, Verdict.INCONCLUSIVE)]
    ReadModelWriter(engine).apply(told)
    return upload.media_id


def flaws(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [flaw.what for flaw in chain_report(connection, ()).flaws]


@pytest.mark.parametrize(
    "statement",
    [
        update(audit_chain).values(kind="arrived"),
        delete(audit_chain),
        text("TRUNCATE audit_chain"),
        update(audit_bodies).values(content="{}"),
        delete(audit_bodies),
        text("TRUNCATE audit_bodies"),
        update(audit_head).values(number=1),
        delete(audit_head),
    ],
)
def test_the_database_refuses_to_change_what_was_written(engine: Engine, statement):
    tell(engine, "a.mp4")
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(statement)
    assert flaws(engine) == []


def test_what_is_changed_with_the_triggers_off_is_found(engine: Engine):
    tell(engine, "a.mp4")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_chain DISABLE TRIGGER ALL"))
        connection.execute(update(audit_chain).where(audit_chain.c.number == 2).values(kind="expired"))
    assert len(flaws(engine)) == 1


def test_writers_at_the_same_time_make_one_chain(engine: Engine):
    def write(who: int) -> None:
        for number in range(10):
            with writing(engine) as connection:
                record(connection, [Fact(kind=Kind.GAP_FOUND, subject=str(who), event_id=f"gap:{who}:{number}")])

    writers = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with engine.connect() as connection:
        assert [link.number for link in links(connection)] == list(range(1, 41))
    assert flaws(engine) == []


def test_an_item_is_deleted_and_the_chain_still_holds(engine: Engine):
    gone, kept = tell(engine, "gone.mp4"), tell(engine, "kept.mp4")
    with pytest.raises(DatabaseError, match="append-only"), writing(engine) as connection:
        connection.execute(delete(audit_bodies).where(audit_bodies.c.subject == gone))
    with writing(engine) as connection:
        forget(connection, gone, "deleted")
        record(connection, [Fact(kind=Kind.DELETED, subject=gone, event_id=f"deleted:{gone}", body={"because": "x"})])
        erase_rows(connection, gone)
        erase_bodies(connection, gone)
    assert scrub(engine) is None
    with engine.connect() as connection:
        assert {name: number for name, number in rows_of(connection, gone).items() if number} == {"audit_bodies": 1}
        assert rows_of(connection, kept)["items"] == 1
    tell(engine, "gone.mp4")
    with engine.connect() as connection:
        assert rows_of(connection, gone)["items"] == 0
    assert flaws(engine) == []
