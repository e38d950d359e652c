"""What is decided is recorded once, cannot be changed in place, and what was changed behind the log's back is found."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, text, update
from sqlalchemy.exc import DatabaseError

from contracts.messages import MediaUploaded, Message
from contracts.vocabulary import Lifecycle, Verdict
from dashboard import reviews
from dashboard.access import Principal, Role
from dashboard.custody.anchors import (
    Anchor,
    Anchorage,
    NotAnAnchor,
    UnusableKey,
    anchor_of,
    anchors_in,
    is_signed_by,
    key_from,
    write_anchor,
)
from dashboard.custody.chain import Head
from dashboard.custody.checks import Item, State, chain_report, record_findings
from dashboard.custody.facts import Fact, Kind, verdict_body
from dashboard.custody.log import forget, links, record, writing
from dashboard.custody.tables import audit_bodies, audit_chain, audit_head
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.read_tables import items
from ingest.identity import media_id_of
from tests.support.items import a_dead_letter, a_probability, a_verdict, an_extraction
from tests.support.items import an_upload as any_upload

KEY = b"a key of more than sixteen bytes"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "read_model.sqlite"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{file}")
    yield made
    made.dispose()


def an_upload(name: str = "clip.mp4") -> MediaUploaded:
    """With the id that its place stands for."""
    upload = any_upload(name)
    return upload.model_copy(update={"media_id": media_id_of(upload.bucket, upload.key, upload.version)})


def told(name: str = "clip.mp4") -> list[Message]:
    upload = an_upload(name)
    verdict = a_verdict(upload, seq=2, probability=a_probability(0.93, low=0.85, high=0.97))
    return [
        upload,
        an_extraction(upload),
        an_extraction(upload, complete=True, chunks=2),
        a_verdict(upload, seq=1, lifecycle=Lifecycle.PROVISIONAL),
        verdict,
    ]


def kinds(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [link.kind for link in links(connection)]


def states(engine: Engine, media_id: str) -> dict[str, State]:
    with engine.connect() as connection:
        return {finding.what: finding.state for finding in record_findings(Item.of(connection, media_id))}


def flaws(engine: Engine, *anchors: Anchor, key: bytes | None = None) -> list[str]:
    with engine.connect() as connection:
        return [flaw.what for flaw in chain_report(connection, anchors, key).flaws]


def behind_its_back(file: Path, *statements: str) -> None:
    """What somebody with the file and an SQL shell can do: the triggers go first."""
    with closing(sqlite3.connect(file)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_each_event_that_matters_is_recorded_once_however_often_it_comes(engine: Engine):
    writer = ReadModelWriter(engine)
    writer.apply(told())
    assert kinds(engine) == ["arrived", "extracted", "judged"]
    writer.apply(told())
    writer.apply(told()[::-1])
    assert kinds(engine) == ["arrived", "extracted", "judged"]
    assert flaws(engine) == []


def test_a_verdict_is_recorded_with_the_means_by_which_it_was_reached(engine: Engine):
    *_, verdict = told()
    ReadModelWriter(engine).apply(told())
    with engine.connect() as connection:
        (body,) = Item.of(connection, verdict.media_id).said(Kind.JUDGED)
    assert body == verdict_body(verdict)
    assert body["detectors"][0]["weights_sha256"] == "ab" * 32
    assert body["probability"]["low"] == "0.85"
    assert body["policy_version"] == "evidence-desk.1"
    assert an_upload().key not in json.dumps(body)


def test_another_verdict_a_parked_letter_its_settlement_and_a_review_are_records(engine: Engine):
    upload = an_upload()
    letter = a_dead_letter(upload)
    writer = ReadModelWriter(engine)
    writer.apply([*told(), a_verdict(upload, Verdict.INCONCLUSIVE, seq=3, lifecycle=Lifecycle.SUPERSEDED)])
    writer.apply([letter, letter.model_copy(update={"settled": "dropped", "settled_because": "a test"})])
    review = reviews.Review(media_id=upload.media_id, outcome=reviews.Outcome.CANNOT_TELL, reviewer="R. Viewer")
    reviews.add(engine, review, Principal("r", Role.ANALYST))
    assert kinds(engine)[3:] == ["rejudged", "parked", "settled", "reviewed"]
    assert flaws(engine) == []


def test_bytes_that_hash_otherwise_when_they_are_read_again_are_a_record_and_a_finding(engine: Engine):
    *_, extracted, _, verdict = told()
    ReadModelWriter(engine).apply(told())
    media = extracted.media.model_copy(update={"sha256": "f" * 64})
    later = extracted.extracted_at + timedelta(hours=1)
    again = extracted.model_copy(update={"media": media, "extracted_at": later})
    ReadModelWriter(engine).apply([again, again])
    assert kinds(engine)[3:] == ["extracted", "media_changed"]
    assert states(engine, verdict.media_id)["media"] is State.BROKEN


@pytest.mark.parametrize(
    "statement",
    [
        update(audit_chain).values(kind="arrived"),
        delete(audit_chain),
        update(audit_bodies).values(content="{}"),
        delete(audit_bodies),
        update(audit_head).values(number=1),
        delete(audit_head),
    ],
)
def test_the_database_refuses_to_change_what_was_written(engine: Engine, statement):
    ReadModelWriter(engine).apply(told())
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(statement)
    assert flaws(engine) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit_chain SET kind = 'expired' WHERE number = 2", "hash"),
        (
            "UPDATE audit_bodies SET content = replace(content, 'likely', 'hardly') WHERE number = 3",
            "what it says was changed",
        ),
        ("DELETE FROM audit_bodies WHERE number = 3", "what it says was removed"),
        ("DELETE FROM audit_chain WHERE number = 2", "followed by record 3"),
        ("DELETE FROM audit_chain WHERE number = 3", "ends with record 2"),
        ("UPDATE audit_head SET digest = 'x'", "head"),
        ("UPDATE audit_chain SET number = 7 WHERE number = 3", "followed by record 7"),
        ("UPDATE audit_bodies SET content = 'no json' WHERE number = 1", "changed"),
    ],
)
def test_what_is_changed_behind_its_back_is_found(engine: Engine, file: Path, change: str, found: str):
    ReadModelWriter(engine).apply(told())
    behind_its_back(file, change)
    assert any(found in what for what in flaws(engine)), flaws(engine)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE documents SET verdict = replace(verdict, 'likely_manipulated', 'inconclusive')", "verdict"),
        ("UPDATE documents SET verdict = replace(verdict, '0.93', '0.53')", "verdict"),
        ("UPDATE items SET verdict = 'no_evidence_found'", "row"),
        ("UPDATE verdict_events SET verdict = 'inconclusive' WHERE seq = 2", "history"),
        ("UPDATE documents SET uploaded = replace(uploaded, 'clip.mp4', 'other.mp4')", "upload"),
        ("DELETE FROM documents", "upload"),
    ],
)
def test_what_the_pages_show_is_held_against_the_records(engine: Engine, file: Path, change: str, what: str):
    ReadModelWriter(engine).apply(told())
    media_id = an_upload().media_id
    assert set(states(engine, media_id).values()) == {State.HOLDS}
    behind_its_back(file, change)
    assert states(engine, media_id)[what] is State.BROKEN


def test_an_end_that_was_removed_with_its_head_is_found_by_an_anchor_kept_elsewhere(engine: Engine, file: Path):
    ReadModelWriter(engine).apply(told())
    kept = anchor_of(ReadModelWriter(engine).head(), KEY)
    assert flaws(engine, kept, key=KEY) == []
    with engine.connect() as connection:
        second = list(links(connection))[1]
    behind_its_back(
        file,
        "DELETE FROM audit_chain WHERE number = 3",
        "DELETE FROM audit_bodies WHERE number = 3",
        f"UPDATE audit_head SET number = 2, digest = '{second.digest}'",
    )
    assert flaws(engine) == []  # who owns the database can do that
    assert ["the end was removed" in what for what in flaws(engine, kept)] == [True]


def test_a_chain_that_was_written_anew_does_not_fit_its_anchor(engine: Engine, tmp_path: Path):
    ReadModelWriter(engine).apply(told())
    kept = anchor_of(ReadModelWriter(engine).head(), None)
    other = open_engine(f"sqlite:///{tmp_path / 'other.sqlite'}")
    ReadModelWriter(other).apply(told())
    assert ["rewritten" in what for what in flaws(other, kept)] == [True]
    other.dispose()


def test_anchors_are_signed_written_and_read_back(tmp_path: Path):
    file = tmp_path / "audit" / "anchors.jsonl"
    assert list(anchors_in(file)) == []
    signed, plain = anchor_of(Head(7, "a" * 64), KEY), anchor_of(Head(8, "b" * 64), None)
    for anchor in (signed, plain):
        write_anchor(file, anchor)
    assert list(anchors_in(file)) == [signed, plain]
    assert is_signed_by(signed, KEY)
    assert not is_signed_by(signed, b"another key of sixteen bytes")
    assert not is_signed_by(Anchor(**{**vars(signed), "number": 6}), KEY)
    assert not is_signed_by(plain, KEY)
    file.write_text('{"at": 1}\n')
    with pytest.raises(NotAnAnchor, match="line 1"):
        list(anchors_in(file))


def test_a_key_that_is_no_key_is_refused(tmp_path: Path):
    assert key_from(None) is None
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert key_from(tmp_path / "key") == KEY
    (tmp_path / "short").write_bytes(b"short")
    for file in (tmp_path / "short", tmp_path / "missing"):
        with pytest.raises(UnusableKey):
            key_from(file)


def test_an_anchor_is_written_when_it_is_time_and_there_is_news(tmp_path: Path):
    now, head = [0.0], [Head()]
    file = tmp_path / "anchors.jsonl"
    anchorage = Anchorage(file, None, interval_s=10.0, head=lambda: head[0], clock=lambda: now[0])
    told_numbers = []
    for at_s, number in ((5.0, 3), (10.0, 3), (15.0, 4), (20.0, 4), (30.0, 4)):
        now[0], head[0] = at_s, Head(number, f"{number:064x}")
        anchorage.look()
        told_numbers.append([anchor.number for anchor in anchors_in(file)])
    assert told_numbers == [[], [3], [3], [3, 4], [3, 4]]
    head[0] = Head(9, "9" * 64)
    anchorage.look(now=True)
    assert [anchor.number for anchor in anchors_in(file)] == [3, 4, 9]


def test_a_batch_that_fails_records_nothing(engine: Engine):
    def broken():
        yield from told()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ReadModelWriter(engine).apply(broken())
    assert kinds(engine) == []
    assert ReadModelWriter(engine).head() == Head()


def test_two_writers_make_one_chain(engine: Engine, file: Path):
    other = open_engine(f"sqlite:///{file}")
    for number in range(10):
        ReadModelWriter(engine if number % 2 else other).apply(told(f"{number}.mp4"))
        with writing(other if number % 2 else engine) as connection:
            record(connection, [Fact(kind=Kind.GAP_FOUND, subject="", event_id=f"gap:{number}")])
    assert len(kinds(engine)) == 40
    assert flaws(engine) == []
    other.dispose()


def test_news_of_a_forgotten_item_change_nothing(engine: Engine):
    upload = an_upload()
    with writing(engine) as connection:
        forget(connection, upload.media_id, "deleted")
        forget(connection, upload.media_id, "deleted")
    ReadModelWriter(engine).apply([*told(), a_dead_letter(upload)])
    assert kinds(engine) == []
    with engine.connect() as connection:
        assert connection.execute(items.select()).all() == []


def test_an_item_from_before_the_log_cannot_be_checked(engine: Engine):
    assert states(engine, "0" * 32) == {"item": State.UNCHECKABLE}


def test_a_record_planted_with_sql_does_not_hold(engine: Engine):
    ReadModelWriter(engine).apply(told())
    row = dict.fromkeys((column.name for column in audit_chain.columns), "0" * 64)
    with engine.begin() as connection:
        connection.execute(insert(audit_chain).values(**{**row, "number": 4, "kind": "judged", "recorded_at": "now"}))
    assert len(flaws(engine)) >= 2


def test_a_read_model_of_an_earlier_release_gets_the_tables_and_their_triggers(file: Path):
    made = open_engine(f"sqlite:///{file}")
    with made.begin() as connection:
        for table in ("audit_chain", "audit_bodies", "audit_head", "forgotten"):
            connection.execute(text(f"DROP TABLE {table}"))
    made.dispose()
    engine = open_engine(f"sqlite:///{file}")
    ReadModelWriter(engine).apply(told())
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(delete(audit_chain))
    engine.dispose()
