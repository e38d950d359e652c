"""Where a page ended in; an opaque word that the next request brings back out, and back."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from dashboard.api.problems import unfit
from dashboard.cursors import NoCursor, decoded
from dashboard.cursors import encoded as cursor_of

__all__ = ["Cursor", "Limit", "cursor_of", "place_of"]

Limit = Annotated[int, Query(ge=1, le=200, description="Most entries of one page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; leave out for the first page.")
]


def place_of(cursor: str | None, kinds: Sequence[type | tuple[type, ...]]) -> list[Any] | None:
    """The place that a cursor stands for; nothing for the first page. Raises ``Refused`` for what is no cursor."""
    if cursor is None:
        return None
    try:
        return decoded(cursor, kinds)
    except NoCursor as why:
        raise unfit("The cursor is none of a page of this list.") from why
