"""Facts in, links at the end of the chain out; in the transaction of whoever writes, each event once."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from dashboard.custody.canonical import canonical, plain
from dashboard.custody.chain import NOTHING, Body, Head, Link, next_link
from dashboard.custody.facts import Fact
from dashboard.custody.tables import audit_bodies, audit_chain, audit_head, forgotten
from dashboard.read_tables import sequence

_SALT_BYTES = 16
_AT_ONCE = 2_000


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that waits for every other writer, so that links come one after another."""
    with engine.begin() as connection:
        connection.execute(update(sequence).values(value=sequence.c.value))
        yield connection


def record(connection: Connection, facts: Iterable[Fact], *, at: datetime | None = None) -> list[Link]:
    """Add those of ``facts`` that are not on the chain yet, inside ``writing`` or the projector's own transaction.

    Raises:
        NotCanonical: a body holds what has no canonical form.
    """
    moment = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
    return [_appended(connection, fact, moment) for fact in facts if not is_recorded(connection, fact.event_id)]


def is_recorded(connection: Connection, event_id: str) -> bool:
    """Whether an event is on the chain."""
    asked = select(audit_chain.c.number).where(audit_chain.c.event_id == event_id)
    return connection.execute(asked).first() is not None


def _appended(connection: Connection, fact: Fact, moment: str) -> Link:
    body = Body(secrets.token_hex(_SALT_BYTES), plain(fact.body))
    link = next_link(
        head_of(connection),
        subject=fact.subject,
        kind=fact.kind.value,
        event_id=fact.event_id,
        recorded_at=moment,
        body=body,
        subject_prev=_last_digest(connection, fact.subject),
    )
    connection.execute(insert(audit_chain).values(**vars(link)))
    content = canonical(body.content).decode()
    connection.execute(
        insert(audit_bodies).values(number=link.number, subject=link.subject, salt=body.salt, content=content)
    )
    connection.execute(update(audit_head).values(number=link.number, digest=link.digest))
    return link


def head_of(connection: Connection) -> Head:
    """The end of the chain."""
    row = connection.execute(select(audit_head.c.number, audit_head.c.digest)).first()
    return Head(row.number, row.digest) if row else Head()


def _last_digest(connection: Connection, subject: str) -> str:
    asked = select(audit_chain.c.digest).where(audit_chain.c.subject == subject)
    return connection.scalar(asked.order_by(audit_chain.c.number.desc()).limit(1)) or NOTHING


def links(connection: Connection) -> Iterator[Link]:
    """The whole chain in order, page by page."""
    after = None
    while True:
        asked = select(audit_chain).order_by(audit_chain.c.number).limit(_AT_ONCE)
        rows = connection.execute(asked if after is None else asked.where(audit_chain.c.number > after)).mappings()
        page = [Link(**row) for row in rows]
        yield from page
        if len(page) < _AT_ONCE:
            return
        after = page[-1].number


def links_of(connection: Connection, subject: str) -> list[Link]:
    """The records about one item, in their order."""
    asked = select(audit_chain).where(audit_chain.c.subject == subject).order_by(audit_chain.c.number)
    return [Link(**row) for row in connection.execute(asked).mappings()]


def bodies_of(connection: Connection, subject: str) -> dict[int, Body | None]:
    """What the records about one item say, by number; nothing where the text cannot be read as JSON any more."""
    asked = select(audit_bodies).where(audit_bodies.c.subject == subject)
    return {row["number"]: body_from(row) for row in connection.execute(asked).mappings()}


def all_bodies(connection: Connection) -> Iterator[tuple[int, Body | None]]:
    """Every body with its number, in order, page by page."""
    after = None
    while True:
        asked = select(audit_bodies).order_by(audit_bodies.c.number).limit(_AT_ONCE)
        found = connection.execute(asked if after is None else asked.where(audit_bodies.c.number > after))
        page = found.mappings().all()
        yield from ((row["number"], body_from(row)) for row in page)
        if len(page) < _AT_ONCE:
            return
        after = page[-1]["number"]


def body_from(row: RowMapping) -> Body | None:
    """The body in a row; nothing where it cannot be read."""
    try:
        content, salt = json.loads(row["content"]), bytes.fromhex(row["salt"])
    except (ValueError, TypeError, RecursionError):
        return None
    return Body(salt.hex(), content) if isinstance(content, dict) else None


def is_forgotten(connection: Connection, media_id: str) -> bool:
    """Whether an item was deleted, or its rows have expired, so that news about it change nothing."""
    return connection.execute(select(forgotten.c.media_id).where(forgotten.c.media_id == media_id)).first() is not None


def forget(connection: Connection, media_id: str, why: str) -> None:
    """From now on nothing that comes in about the item is kept; ``why`` is ``deleted`` or ``expired``."""
    row = {"why": why, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
    if is_forgotten(connection, media_id):
        connection.execute(update(forgotten).where(forgotten.c.media_id == media_id).values(why=why))
    else:
        connection.execute(insert(forgotten).values(media_id=media_id, **row))
