"""What a reader asks of the items in; conditions out under which a statement stays fast, however many there are."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal_column, or_, select, text, union_all

from contracts.vocabulary import MediaKind
from dashboard.projection import Tab
from dashboard.read_tables import items
from dashboard.schema_upgrade import WORDS, has_words

# Rarer words are looked up in their index; of more frequent ones the first page is full after a few thousand rows.
_MOST_LOOKED_UP = 500
_SHORTEST_INDEXED = 3
_SHORTEST_ID = 6
_HEX = frozenset(string.hexdigits)


class Order(StrEnum):
    """How the inbox is sorted."""

    NEWEST = "newest"
    OLDEST = "oldest"
    STRONGEST = "strongest"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the inbox is to show; ``page`` counts from 0, ``until_change`` hides items that came later."""

    tab: Tab | None = None
    text: str = ""
    kind: MediaKind | None = None
    order: Order = Order.NEWEST
    page: int = 0
    until_change: int | None = None


def in_tab(question: Question) -> list[ColumnElement[bool]]:
    """The condition of the open tab."""
    return [items.c.tab == question.tab.value] if question.tab else []


def filters(question: Question, connection: Connection | None = None) -> list[ColumnElement[bool]]:
    """The other conditions of ``question``; with a ``connection`` rare words are looked up there first."""
    wanted: list[ColumnElement[bool]] = []
    if question.kind:
        wanted.append(items.c.kind == question.kind.value)
    words = question.text.split()
    if words and connection is not None:
        wanted += _looked_up(words, connection)
    return [*wanted, *(_mentions(word) for word in words)]


def ordering(order: Order) -> tuple[ColumnElement[Any], ...]:
    """Each is an index read from one end, so that a page costs the same whether there are a hundred or a million."""
    if order is Order.OLDEST:
        return items.c.arrived_at_s.asc(), items.c.media_id.asc()
    if order is Order.STRONGEST:
        return items.c.value.desc().nulls_last(), items.c.media_id.desc()
    return items.c.arrived_at_s.desc(), items.c.media_id.desc()


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        items.c.source_key.icontains(word, autoescape=True),
        items.c.media_id.startswith(word.lower(), autoescape=True),
        items.c.sha256.startswith(word.lower(), autoescape=True),
    )


def _looked_up(words: Sequence[str], connection: Connection) -> list[ColumnElement[bool]]:
    by_name = _by_name([word for word in words if len(word) >= _SHORTEST_INDEXED], connection)
    if by_name is None:
        return []
    ids = [word.lower() for word in words if len(word) >= _SHORTEST_ID and _HEX.issuperset(word)]
    by_id = [select(items.c.media_id).where(_begins(column, start)) for start in ids for column in _ID_COLUMNS]
    found = set(connection.scalars(union_all(by_name, *by_id).limit(_MOST_LOOKED_UP + 1)))
    return [items.c.media_id.in_(sorted(found))] if len(found) <= _MOST_LOOKED_UP else []


_ID_COLUMNS = (items.c.media_id, items.c.sha256)


def _begins(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    # As a range, which an index answers in every language of a database; g follows the last hexadecimal digit.
    return and_(column >= start, column < f"{start}g")


def _by_name(words: Sequence[str], connection: Connection) -> Select[Any] | None:
    """The ids of items whose key has all the words in it, by the index; nothing where there is none that helps."""
    if not words or not has_words(connection):
        return None
    if connection.dialect.name == "postgresql":
        patterns = [items.c.source_key.ilike(f"%{_escaped(word)}%", escape="\\") for word in words]
        return select(items.c.media_id).where(*patterns)
    wanted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    return (
        select(literal_column("media_id"))
        .select_from(text(WORDS))
        .where(text(f"{WORDS} MATCH :words"))
        .params(words=wanted)
    )


def _escaped(word: str) -> str:
    for letter in "\\%_":
        word = word.replace(letter, f"\\{letter}")
    return word
