"""Plain values in; the one sequence of bytes that stands for them out, so that equal facts have equal hashes.

The form is that of RFC 8785 (JSON Canonicalization Scheme) without its hard part: there are no fractions. A number that
is not whole is written as text by whoever makes the value (``plain``), so that no two writers can round it differently.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

_LARGEST_WHOLE = 2**53 - 1


class NotCanonical(ValueError):
    """A value has no canonical form: a fraction, a number too large for JSON, a name or text that is no Unicode."""


def canonical(value: object) -> bytes:
    """UTF-8 JSON without spaces, names sorted by their UTF-16 code units, as RFC 8785 orders them.

    >>> canonical({"b": [1, None], "a": "é"}).decode()
    '{"a":"é","b":[1,null]}'

    Raises:
        NotCanonical: it holds a fraction, a whole number beyond 2^53 - 1, or text that is no Unicode.
    """
    try:
        return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError as why:
        raise NotCanonical("half of a surrogate pair is no text") from why


def plain(value: object) -> Any:
    """The same value with each fraction as the shortest text that reads back as it, for instance ``"0.25"``."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(part) for part in value]
    return value


def sha256_of(value: object) -> str:
    """The SHA-256 of the canonical form, in hex. Raises ``NotCanonical``."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _ordered(value: object) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST_WHOLE:
            raise NotCanonical(f"{value} cannot be told exactly in JSON")
        return value
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value, key=_utf_16)}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_ordered(part) for part in value]
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _utf_16(name: object) -> bytes:
    if not isinstance(name, str):
        raise NotCanonical(f"a name must be text, got {type(name).__name__}")
    try:
        return name.encode("utf-16-be")
    except UnicodeEncodeError as why:
        raise NotCanonical("half of a surrogate pair is no name") from why
