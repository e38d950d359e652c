"""A place in a list in; an opaque word that an address can carry out, and back."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

_LARGEST = 1e15


class NoCursor(ValueError):
    """The word stands for no place of such a list."""


def encoded(*place: Any) -> str:
    """The word for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decoded(cursor: str, kinds: Sequence[type | tuple[type, ...]]) -> list[Any]:
    """The place that a cursor stands for, its parts of these kinds. Raises ``NoCursor``."""
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as why:
        raise NoCursor(cursor) from why
    if not isinstance(place, list) or len(place) != len(kinds) or not all(map(_is, place, kinds)):
        raise NoCursor(cursor)
    return place


def _is(part: Any, kind: type | tuple[type, ...]) -> bool:
    # Numbers that are none, or that no column holds, would fail in the database.
    fits = isinstance(part, kind) and not isinstance(part, bool)
    return fits and (not isinstance(part, float | int) or abs(part) < _LARGEST) and "\0" not in str(part)
