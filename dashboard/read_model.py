"""Messages in, rows out: the writing half of the read model, where repeats and late-comers change nothing."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, insert, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError, InvalidatePoolError

from contracts.errors import NotNow
from contracts.messages import DeadLetter, MediaExtracted, MediaUploaded, MediaVerdict, Message
from contracts.settings import ProjectSettings
from dashboard import scored_by, tallies
from dashboard.custody.chain import NOTHING, Head
from dashboard.custody.facts import facts_of
from dashboard.custody.log import head_of, is_forgotten, record
from dashboard.custody.tables import audit_head
from dashboard.models import alarm_tables  # noqa: F401 - its table is made with the others
from dashboard.operations import health_reports  # noqa: F401 - its table is made with the others
from dashboard.projection import DONE, ItemDocuments, row_of
from dashboard.read_tables import (
    dead_letters,
    documents,
    heartbeats,
    items,
    positions,
    sequence,
    verdict_events,
)
from dashboard.schema_upgrade import upgrade

PROJECTOR = "projector"
_LOCK_WAIT_S = 30
_DOCUMENTS: dict[str, type[Message]] = {
    "uploaded": MediaUploaded,
    "extracted": MediaExtracted,
    "verdict": MediaVerdict,
    "failure": DeadLetter,
}


class ReadModelDamaged(Exception):
    """The file is no database or its pages are damaged; the message says what to do about it."""


def url_of(settings: ProjectSettings) -> str:
    """The SQLAlchemy address of a deployment's read model."""
    return settings.read_model_url or f"sqlite:///{(settings.home / 'read_model.sqlite').absolute()}"


def open_engine(url: str) -> Engine:
    """An engine on the read model at ``url``, its tables made if they are missing.

    Raises:
        ReadModelDamaged: SQLite cannot read the file.
    """
    engine = create_engine(url, connect_args=_connect_arguments(url), pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        if engine.url.database not in (None, "", ":memory:"):
            Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "checkout", partial(_leave_a_removed_file, engine))
    try:
        _make_tables(engine)
    except DatabaseError as why:
        # The kinds below it (a lock, a conflict) have reasons of their own.
        if engine.dialect.name == "sqlite" and type(why) is DatabaseError:
            raise ReadModelDamaged(
                f"The read model {engine.url.database} is damaged or no database ({why.orig}). Stop the projector, "
                "move the file away and start it anew: it is filled from what the topics still hold. Reviews, keys and "
                "the audit chain were in the file alone; a backup brings them back."
            ) from why
        raise
    return engine


def _connect_arguments(url: str) -> dict[str, Any]:
    return {"timeout": _LOCK_WAIT_S} if url.startswith("sqlite") else {}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Write-ahead logging lets the pages read while the projector writes.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    # What is deleted is overwritten, so that it cannot be read out of the file.
    connection.execute("PRAGMA secure_delete=ON")


def _leave_a_removed_file(engine: Engine, _connection: object, record: Any, _proxy: object) -> None:
    # SQLite goes on reading and writing a file that was removed; nobody else would ever see it.
    now = _file_of(engine)
    if record.info.setdefault("file", now) != now:
        raise InvalidatePoolError("the file of the read model was removed")


def _file_of(engine: Engine) -> tuple[int, int] | None:
    """What tells the database's file from another one under its name; nothing where there is none."""
    try:
        found = Path(str(engine.url.database)).stat() if engine.dialect.name == "sqlite" else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def _make_tables(engine: Engine) -> None:
    upgrade(engine)
    try:
        _make_first_rows(engine)
    except IntegrityError:
        # Another process was faster by a moment: its rows are as good.
        _make_first_rows(engine)


def _make_first_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.scalar(select(sequence.c.value)) is None:
            _insert_once(connection, sequence, {"id": 1, "value": 0})
        if connection.scalar(select(audit_head.c.number)) is None:
            _insert_once(connection, audit_head, {"id": 1, "number": 0, "digest": NOTHING})


def _insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary key is taken; tells whether it was inserted."""
    key = [column == row[column.name] for column in table.primary_key]
    if connection.execute(select(*table.primary_key).where(*key)).first() is not None:
        return False
    connection.execute(insert(table).values(**row))
    return True


def _put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row or replace the values of the one with its primary key."""
    if not _insert_once(connection, table, row):
        key = [column == row[column.name] for column in table.primary_key]
        connection.execute(update(table).where(*key).values(**row))


@dataclass(frozen=True)
class Position:
    """How far a partition has been read: ``next_offset`` is the first that has not."""

    topic: str
    partition: int
    next_offset: int


class ReadModelWriter:
    """Puts messages into the read model, one transaction per batch, each change with its own number."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = _file_of(engine)

    def require_the_same(self) -> None:
        """Raise ``NotNow`` where the read model's file was removed or replaced; ``begin_anew`` mends that."""
        if _file_of(self._engine) != self._file:
            raise NotNow("the read model was removed")

    def begin_anew(self) -> None:
        """Make what is missing; in a file that took the place of a removed one everything is to be read once more."""
        if _file_of(self._engine) == self._file:
            return
        _make_tables(self._engine)
        with self._engine.begin() as connection:
            connection.execute(delete(positions))
        self._file = _file_of(self._engine)

    def apply(self, messages: Iterable[Message], reached: Iterable[Position] = ()) -> int:
        """Take in a batch; returns the number of the last change.

        Messages that are known already, or older than what is known, change nothing and use no number.
        """
        with self._numbered() as (connection, numbers):
            for message in messages:
                _apply(connection, message, numbers)
            for position in reached:
                _put(connection, positions, position.__dict__)
            return numbers.value

    def beat(self, *, now_s: float | None = None) -> None:
        """Tell the pages that the projector is alive."""
        with self._engine.begin() as connection:
            _put(connection, heartbeats, {"name": PROJECTOR, "beat_at_s": time.time() if now_s is None else now_s})

    def head(self) -> Head:
        """The end of the audit chain."""
        with self._engine.connect() as connection:
            return head_of(connection)

    def next_offset(self, topic: str, partition: int) -> int | None:
        """Where reading of a partition has to go on; nothing if it was never read into this read model."""
        with self._engine.connect() as connection:
            here = (positions.c.topic == topic, positions.c.partition == partition)
            return connection.scalar(select(positions.c.next_offset).where(*here))

    @contextmanager
    def _numbered(self) -> Iterator[tuple[Connection, "_Numbers"]]:
        with self._engine.begin() as connection:
            # Touching the sequence first makes writers wait for each other, so numbers appear in their order.
            connection.execute(update(sequence).values(value=sequence.c.value))
            numbers = _Numbers(connection.scalars(select(sequence.c.value)).one())
            yield connection, numbers
            connection.execute(update(sequence).values(value=numbers.value))


@dataclass
class _Numbers:
    value: int

    def draw(self) -> int:
        self.value += 1
        return self.value


def _apply(connection: Connection, message: Message, numbers: _Numbers) -> None:
    if is_forgotten(connection, message.media_id):
        return
    before = read_documents(connection, message.media_id)
    _record(connection, message, before)
    # Whatever one message changes has one number; it is taken only if something does change.
    change = numbers.value + 1
    if _keep_event(connection, message, change) | _keep_documents(connection, before, message, change):
        numbers.draw()


def _keep_event(connection: Connection, message: Message, change: int) -> bool:
    if isinstance(message, MediaVerdict):
        return _insert_once(connection, verdict_events, {**_event_row(message), "change": change})
    if isinstance(message, DeadLetter):
        _keep_dead_letter(connection, message)
    return False


def _keep_dead_letter(connection: Connection, letter: DeadLetter) -> None:
    _insert_once(connection, dead_letters, _dead_letter_row(letter))
    if letter.settled is not None:
        settlement = {
            "settled": letter.settled,
            "settled_because": letter.settled_because,
            "settled_at_s": letter.settled_at.timestamp() if letter.settled_at else None,
        }
        here = dead_letters.c.dead_letter_id == letter.dead_letter_id
        connection.execute(update(dead_letters).where(here).values(**settlement))


def _keep_documents(connection: Connection, before: ItemDocuments, message: Message, change: int) -> bool:
    if not message.media_id:
        return False
    after = before.with_message(message)
    scored_by.moved(connection, message.media_id, before.verdict, after.verdict)
    return after != before and _write_item(connection, after, change)


def _record(connection: Connection, message: Message, before: ItemDocuments) -> None:
    """Put on the audit chain what ``message`` tells that is not there yet."""
    known_sha256 = before.extracted.media.sha256 if before.extracted else None
    judged = before.verdict.event_id if before.verdict and before.verdict.lifecycle in DONE else None
    record(connection, facts_of(message, known_sha256=known_sha256, judged=judged))


def read_documents(connection: Connection, media_id: str) -> ItemDocuments:
    """All that is known of an item; empty documents for an unknown one."""
    row = connection.execute(select(documents).where(documents.c.media_id == media_id)).mappings().first()
    if row is None:
        return ItemDocuments(media_id)
    known = {name: kind.model_validate_json(row[name]) for name, kind in _DOCUMENTS.items() if row[name]}
    return ItemDocuments(media_id, **known)  # type: ignore[arg-type]


def _write_item(connection: Connection, item: ItemDocuments, change: int) -> bool:
    kept = {name: getattr(item, name) for name in _DOCUMENTS}
    texts = {name: part.model_dump_json() if part else None for name, part in kept.items()}
    _put(connection, documents, {"media_id": item.media_id, **texts})
    row = row_of(item)
    if row is None:
        return False
    here = items.c.media_id == item.media_id
    before = connection.execute(select(items.c.tab, items.c.kind, items.c.lifecycle).where(here)).mappings().first()
    if before is None:
        connection.execute(insert(items).values(**row, change=change, created_change=change))
    else:
        connection.execute(update(items).where(here).values(**row, change=change))
    tallies.moved(connection, dict(before) if before is not None else None, row)
    return True


def _event_row(verdict: MediaVerdict) -> dict[str, Any]:
    probability = verdict.probability
    return {
        "event_id": verdict.event_id,
        "media_id": verdict.media_id,
        "seq": verdict.seq,
        "lifecycle": verdict.lifecycle.value,
        "verdict": verdict.verdict.value,
        "reasons": " ".join(verdict.reasons),
        "low": probability.low if probability else None,
        "value": probability.value if probability else None,
        "high": probability.high if probability else None,
        "policy_version": verdict.policy_version,
        "supersedes": verdict.supersedes,
        "produced_at_s": verdict.produced_at.timestamp(),
    }


def _dead_letter_row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "dead_letter_id": letter.dead_letter_id,
        "media_id": letter.media_id,
        "stage": letter.stage.value,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "failed_at_s": letter.failed_at.timestamp(),
        "attempts": letter.attempts,
    }
