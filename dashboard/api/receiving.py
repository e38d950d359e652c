"""A multipart request in; its file on disk and its few fields out, never more of it in memory than one piece."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from dashboard.api.problems import Refused, unfit

_LARGEST_FIELD_BYTES = 4_096
_MOST_PARTS = 16
# What the form around the file may take: boundaries, headers, fields.
_AROUND_BYTES = 65_536


@dataclass
class Received:
    """What came: the file's own name (nothing was checked about it), where its bytes lie, and the other fields."""

    path: Path
    name: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)
    size_bytes: int = 0


@contextmanager
def place_for(scratch: Path) -> Iterator[Path]:
    """A private folder for one request; removed at the end, with all that is in it."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield Path(folder)


async def receive(request: Request, folder: Path, *, limit_bytes: int) -> Received:
    """Read the request to its end.

    Raises:
        Refused: it is no form, has no file or several, or is larger than ``limit_bytes``.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(415, "not-a-form", "Not a form", "Send multipart/form-data with the part `file`.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit_bytes + _AROUND_BYTES:
        raise too_large(limit_bytes)
    received = Received(folder / "media")
    with received.path.open("wb") as file:
        parts = _Parts(received, file, limit_bytes)
        parser = _parser(options[b"boundary"], parts)
        taken = 0
        async for piece in request.stream():
            taken += len(piece)
            if taken > limit_bytes + _AROUND_BYTES:
                raise too_large(limit_bytes)
            _feed(parser, piece)
    if not parts.is_whole or received.name is None:
        raise unfit("The form has no part `file` with a file name, or was cut off.")
    return received


def too_large(limit_bytes: int) -> Refused:
    """The upload is larger than this server takes."""
    return Refused(413, "too-large", "Too large", f"Uploads may have {limit_bytes} bytes at most.")


def _feed(parser: MultipartParser, piece: bytes) -> None:
    try:
        parser.write(piece)
    except FormParserError as why:
        raise unfit("The form cannot be read: its parts are damaged.") from why


class _Parts:
    """Sorts the pieces of a form: the part ``file`` goes to disk, short fields are kept."""

    def __init__(self, received: Received, file: BinaryIO, limit_bytes: int) -> None:
        self.is_whole = False
        self._received = received
        self._file = file
        self._limit_bytes = limit_bytes
        self._parts = 0
        self._header, self._value = b"", b""
        self._disposition: dict[bytes, bytes] = {}
        self._text: bytearray | None = None

    def begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise unfit("The form has too many parts.")
        self._disposition, self._text = {}, None

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, self._disposition = parse_options_header(self._value)
        self._header, self._value = b"", b""

    def headers_end(self) -> None:
        if self._field != "file":
            self._text = bytearray()
        elif self._received.name is not None:
            raise unfit("One request submits one file.")
        else:
            self._received.name = self._disposition.get(b"filename", b"").decode("utf-8", "replace") or "media"

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self._received.size_bytes += end - start
            if self._received.size_bytes > self._limit_bytes:
                raise too_large(self._limit_bytes)
            self._file.write(data[start:end])
        else:
            self._text += data[start:end]
            if len(self._text) > _LARGEST_FIELD_BYTES:
                raise unfit("A field of the form is too long.")

    def end(self) -> None:
        if self._text is not None:
            text = self._text.decode("utf-8", "replace")
            self._received.fields.setdefault(self._field, []).append(text)

    def finish(self) -> None:
        self.is_whole = True

    @property
    def _field(self) -> str:
        return self._disposition.get(b"name", b"").decode("utf-8", "replace")


def _parser(boundary: bytes, parts: _Parts) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": parts.begin,
            "on_header_field": parts.header_name,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_end,
            "on_headers_finished": parts.headers_end,
            "on_part_data": parts.data,
            "on_part_end": parts.end,
            "on_end": parts.finish,
        },
    )
