"""Seed inputs and a random generator in; inputs that are almost right out, the same for the same seed."""

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

LONGEST_INPUT = 1 << 20
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_FORMS = (">H", "<H", ">I", "<I", ">Q", "<Q")
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, 5e-324),
    *("", " ", "\0", "..", "../../etc/passwd", "/", "a/../b", "%", "%zz", "%00", "+", "é" * 300, "\u202e", "🎬" * 40),
    *("9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "1e999", "NaN", "x" * 70_000, "2.1", "2"),
    *([], [[]], [None], {}, {"": {}}, {"Records": []}, [0] * 2000),
)
_ODD_TEXTS = (
    *(b"NaN", b"-Infinity", b"1e999", b'"\\ud800"', b'"\\udfff\\ud800"'),
    *(b"[" * 3000, b'{"a":' * 3000, b"1" * 5000),
)


class Mutator:
    """Makes new inputs of known ones; an input that led to something new is kept and mutated further."""

    def __init__(self, seeds: list[bytes], randomness: random.Random, *, most_kept: int = 2000) -> None:
        self._pool = list(seeds)
        self._seeds = len(seeds)
        self._random = randomness
        self._most_kept = most_kept

    def keep(self, data: bytes) -> None:
        if len(self._pool) < self._seeds + self._most_kept:
            self._pool.append(data)

    def next(self) -> bytes:
        """One input, mutated one to eight times, half of the time from one that was kept."""
        of = self._random
        data = of.choice(self._pool) if of.random() < 0.5 else self._pool[of.randrange(self._seeds)]
        for _ in range(1 << of.randrange(4)):
            data = self._mutated(data)[:LONGEST_INPUT]
        return _with_true_checksums(data) if of.random() < 0.5 else data

    def _mutated(self, data: bytes) -> bytes:
        if data[:1] in (b"{", b"[") and self._random.random() < 0.6:
            return changed_json(data, self._random)
        change: Callable[[bytearray, random.Random], bytearray] = self._random.choice(_BYTE_CHANGES)
        if self._random.random() < 0.05:
            return _spliced(data, self._random.choice(self._pool), self._random)
        return bytes(change(bytearray(data), self._random)) if data else bytes([self._random.randrange(256)])


def _flip(data: bytearray, of: random.Random) -> bytearray:
    for _ in range(of.choice((1, 1, 1, 4, 32))):
        data[of.randrange(len(data))] ^= 1 << of.randrange(8)
    return data


def _flip_near_the_start(data: bytearray, of: random.Random) -> bytearray:
    """Headers hold the sizes and counts."""
    data[of.randrange(min(len(data), 256))] = of.randrange(256)
    return data


def _set_number(data: bytearray, of: random.Random) -> bytearray:
    form = of.choice(_FORMS)
    size = struct.calcsize(form)
    if len(data) >= size:
        at = of.randrange(len(data) - size + 1)
        number = of.choice(_EDGES) & ((1 << 8 * size) - 1)
        data[at : at + size] = struct.pack(form, number)
    return data


def _cut(data: bytearray, of: random.Random) -> bytearray:
    return data[: of.randrange(len(data) + 1)]


def _remove(data: bytearray, of: random.Random) -> bytearray:
    at = of.randrange(len(data))
    del data[at : at + of.choice((1, 2, 4, 16, 300))]
    return data


def _repeat(data: bytearray, of: random.Random) -> bytearray:
    at = of.randrange(len(data))
    piece = bytes(data[at : at + of.choice((1, 4, 64, 4096))])
    data[at:at] = piece * of.choice((1, 2, 50))
    return data


def _insert(data: bytearray, of: random.Random) -> bytearray:
    at = of.randrange(len(data) + 1)
    data[at:at] = of.randbytes(of.choice((1, 3, 40)))
    return data


def _blank(data: bytearray, of: random.Random) -> bytearray:
    at, size = of.randrange(len(data)), of.choice((4, 64, 1000))
    size = min(size, len(data) - at)
    data[at : at + size] = bytes([of.choice((0, 0xFF, 0x41))]) * size
    return data


_BYTE_CHANGES = (_flip, _flip_near_the_start, _set_number, _set_number, _cut, _remove, _repeat, _insert, _blank)


def _spliced(data: bytes, other: bytes, of: random.Random) -> bytes:
    return data[: of.randrange(len(data) + 1)] + other[of.randrange(len(other) + 1) :]


def changed_json(data: bytes, of: random.Random) -> bytes:
    """One value somewhere in a JSON text is another, or gone, or no JSON; also inside texts that hold JSON."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return bytes(_flip(bytearray(data), of))
    places = list(_places(body))
    if not places:
        return data
    holder, name = of.choice(places)
    inner = holder[name]
    if isinstance(inner, str) and inner[:1] in ("{", "["):
        inner = changed_json(inner.encode("utf-8", "surrogatepass"), of)
        holder[name] = inner.decode("utf-8", "replace")
    elif of.random() < 0.15:
        del holder[name]
    elif of.random() < 0.15:
        holder[name] = "@odd@"
        return json.dumps(body).encode().replace(b'"@odd@"', of.choice(_ODD_TEXTS), 1)
    else:
        holder[name] = of.choice((*_ODD_VALUES, {"again": inner}, [inner] * 3))
    return json.dumps(body, ensure_ascii=of.random() < 0.5, indent=of.choice((None, 1))).encode(
        "utf-8", "surrogatepass"
    )


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every holder in the value with each of its names, without recursion: texts may be nested deeply."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        names = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for name in names:
            found.append((holder, name))
            waiting.append(holder[name])
    return found


def _with_true_checksums(data: bytes) -> bytes:
    """A PNG whose pieces bear the checksums of what they hold now, so that its reader looks further."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    whole, at = bytearray(data), 8
    while at + 12 <= len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4], "big")
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = zlib.crc32(whole[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(whole)
