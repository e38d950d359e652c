"""A question in; the ids of the items that one of its filters leaves out, by an index, where those are few."""

import string
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal_column, select, text, union_all
from sqlalchemy.sql import Executable

from dashboard.item_question import Question
from dashboard.read_tables import item_detectors, items, reviews
from dashboard.schema_upgrade import WORDS, has_words

# What fewer items have is looked up in its index; of what more have the first page is full after a few thousand rows.
MOST_LOOKED_UP = 1_000
_SHORTEST_INDEXED = 3
_SHORTEST_ID = 6
_HEX = frozenset(string.hexdigits)
_LAST_LETTER = "\U0010ffff"


def narrowed(question: Question, connection: Connection) -> set[str] | None:
    """The ids that the first filter with few of them has; nothing where all filters have many, or none is asked."""
    for lookup in _lookups(question, connection):
        found = list(connection.scalars(lookup.limit(MOST_LOOKED_UP + 1)))  # type: ignore[attr-defined]
        if len(found) <= MOST_LOOKED_UP:
            return set(found)
    return None


def _lookups(question: Question, connection: Connection) -> Iterator[Executable]:
    words = question.text.split()
    if words and (lookup := _by_words(words, connection)) is not None:
        yield lookup
    if question.source:
        yield _by_source(question.source, connection)
    if question.detector:
        yield select(item_detectors.c.media_id).where(item_detectors.c.name == question.detector)
    if question.reviewer:
        yield select(reviews.c.media_id).where(reviews.c.reviewer == question.reviewer).distinct()
    if question.reviewed:
        yield select(reviews.c.media_id).distinct()
    if question.has_dates:
        since = [items.c.arrived_at_s >= question.since_s] if question.since_s is not None else []
        before = [items.c.arrived_at_s < question.before_s] if question.before_s is not None else []
        yield select(items.c.media_id).where(*since, *before)


def _by_source(source: str, connection: Connection) -> Executable:
    """Items of a bucket of this name, or whose keys begin so; capital letters count."""
    if connection.dialect.name == "postgresql":
        # The trigram index answers this in every language of a database, a plain one only in C.
        begins = items.c.source_key.like(f"{_escaped(source)}%", escape="\\")
    else:
        begins = and_(items.c.source_key >= source, items.c.source_key < source + _LAST_LETTER)
    key, bucket = select(items.c.media_id).where(begins), select(items.c.media_id).where(items.c.bucket == source)
    return union_all(key, bucket)


def _by_words(words: Sequence[str], connection: Connection) -> Executable | None:
    by_name = _by_name([word for word in words if len(word) >= _SHORTEST_INDEXED], connection)
    if by_name is None:
        return None
    ids = [word.lower() for word in words if len(word) >= _SHORTEST_ID and _HEX.issuperset(word)]
    by_id = [select(items.c.media_id).where(_begins(column, start)) for start in ids for column in _ID_COLUMNS]
    return union_all(by_name, *by_id)


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
