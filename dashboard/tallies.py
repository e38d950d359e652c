"""Rows of items that come, change or go in; how many there are of each kind out, without counting them each time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from dashboard.read_tables import items, sequence, tallies

_NAMES = ("tab", "kind", "lifecycle")


def moved(connection: Connection, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    """An item's row was ``before`` and is ``after``; nothing stands for a row that was or is not there."""
    old, new = _key(before), _key(after)
    if old == new:
        return
    if old:
        _add(connection, old, -1)
    if new:
        _add(connection, new, 1)


def count_anew(connection: Connection) -> None:
    """Count every item, where they were never counted."""
    if _are_counted(connection):
        return
    # Whoever writes touches the sequence first: from here on nobody else adds an item or counts.
    connection.execute(update(sequence).values(value=sequence.c.value))
    if _are_counted(connection):
        return
    columns = [items.c[name] for name in _NAMES]
    found = connection.execute(select(*columns, func.count().label("number")).group_by(*columns)).mappings().all()
    if found:
        connection.execute(insert(tallies), [dict(row) for row in found])


def _are_counted(connection: Connection) -> bool:
    has_tallies = connection.execute(select(tallies.c.number).limit(1)).first() is not None
    return has_tallies or connection.execute(select(items.c.media_id).limit(1)).first() is None


def _key(row: Mapping[str, Any] | None) -> dict[str, str] | None:
    return {name: row[name] for name in _NAMES} if row else None


def _add(connection: Connection, key: Mapping[str, str], amount: int) -> None:
    here = [tallies.c[name] == value for name, value in key.items()]
    changed = connection.execute(update(tallies).where(*here).values(number=tallies.c.number + amount))
    if not changed.rowcount:
        connection.execute(insert(tallies).values(**key, number=amount))
