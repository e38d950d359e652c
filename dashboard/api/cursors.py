"""Where a page ended in; an opaque word that the next request brings back out, and back."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from dashboard.api.problems import unfit

_LARGEST = 1e15
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries of one page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; leave out for the first page.")
]


def cursor_of(*place: Any) -> str:
    """The word for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(cursor: str | None, kinds: Sequence[type | tuple[type, ...]]) -> list[Any] | None:
    """The place that a cursor stands for; nothing for the first page. Raises ``Refused`` for what is no cursor."""
    if cursor is None:
        return None
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as why:
        raise unfit("The cursor is none of a page of this list.") from why
    if not isinstance(place, list) or len(place) != len(kinds) or not all(map(_is, place, kinds)):
        raise unfit("The cursor is none of a page of this list.")
    return place


def _is(part: Any, kind: type | tuple[type, ...]) -> bool:
    # Numbers that are none, or that no column holds, would fail in the database.
    fits = isinstance(part, kind) and not isinstance(part, bool)
    return fits and (not isinstance(part, float | int) or abs(part) < _LARGEST) and "\0" not in str(part)
