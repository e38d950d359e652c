"""Verdicts in; which detectors gave a number for which item, kept in rows, out: what the filter by detector reads."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, delete, insert, select, update

from contracts.messages import MediaVerdict
from contracts.vocabulary import DetectorStatus
from dashboard.read_tables import documents, item_detectors, sequence

_ROWS_AT_ONCE = 2_000


def moved(connection: Connection, media_id: str, before: MediaVerdict | None, after: MediaVerdict | None) -> None:
    """The verdict on an item was ``before`` and is ``after``."""
    old, new = _names(before), _names(after)
    if old == new:
        return
    connection.execute(delete(item_detectors).where(item_detectors.c.media_id == media_id))
    if new:
        connection.execute(insert(item_detectors), [{"name": name, "media_id": media_id} for name in sorted(new)])


def _names(verdict: MediaVerdict | None) -> set[str]:
    scored = verdict.detectors if verdict else ()
    return {result.name for result in scored if result.status is DetectorStatus.SCORED}


def note_all(connection: Connection) -> None:
    """Read every verdict once, where that was never done: in a read model of an earlier release."""
    if not _is_to_do(connection):
        return
    # Whoever writes touches the sequence first: from here on nobody else adds a verdict.
    connection.execute(update(sequence).values(value=sequence.c.value))
    if not _is_to_do(connection):
        return
    last = ""
    while rows := _read(connection, last):
        last = rows[-1][0]
        found = [{"name": name, "media_id": media_id} for media_id, text in rows for name in _scored_in(text)]
        if found:
            connection.execute(insert(item_detectors), found)


def _is_to_do(connection: Connection) -> bool:
    if connection.execute(select(item_detectors.c.media_id).limit(1)).first() is not None:
        return False
    said = documents.c.verdict.contains(f'"status":"{DetectorStatus.SCORED.value}"')
    return connection.execute(select(documents.c.media_id).where(said).limit(1)).first() is not None


def _read(connection: Connection, after: str) -> list[tuple[str, str]]:
    asked = select(documents.c.media_id, documents.c.verdict).where(documents.c.media_id > after)
    ordered = asked.where(documents.c.verdict.is_not(None)).order_by(documents.c.media_id).limit(_ROWS_AT_ONCE)
    return [(row.media_id, row.verdict) for row in connection.execute(ordered)]


def _scored_in(verdict: str) -> Iterator[str]:
    results = json.loads(verdict)["detectors"]
    yield from {one["name"] for one in results if one["status"] == DetectorStatus.SCORED.value}
