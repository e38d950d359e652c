"""A file (or standard input) that lists keys in; the keys that it means, one after the other, out."""

import csv
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO
from urllib.parse import unquote_plus

from telltale.errors import CommandFailed

STANDARD_INPUT = "-"
_KEY = "key"


def keys_in(source: str, *, bucket: str) -> Generator[str]:
    """The keys of ``source``, read while they are asked for: a file's path, or ``-`` for standard input.

    A file named ``.csv`` has a column ``key`` under a heading, which may hold line ends in quotes; or it has no heading
    and begins every row with the bucket's name and the key, URL-encoded, as the manifests and inventories of S3 do. Any
    other source has a key per line, written as it is. ``bucket`` is ``NAME[/PREFIX]``; only the keys of a manifest
    count from the name, all others from the prefix.

    Raises:
        CommandFailed: it cannot be read, or is not of these forms; exit code 2.
    """
    try:
        with _opened(source) as file:
            yield from _from_rows(file, source, bucket) if source.lower().endswith(".csv") else _from_lines(file)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        raise CommandFailed(f"{source} cannot be read as a list of keys: {why}", exit_code=2) from why


@contextmanager
def _opened(source: str) -> Iterator[IO[str]]:
    if source == STANDARD_INPUT:
        yield sys.stdin
    else:
        # CSV reads its own line ends: they may be part of a key in quotes.
        with Path(source).open(encoding="utf-8-sig", newline="" if source.lower().endswith(".csv") else None) as file:
            yield file


def _from_lines(file: IO[str]) -> Iterator[str]:
    for line in file:
        key = line.removesuffix("\n")
        if key:
            yield key


def _from_rows(file: IO[str], source: str, bucket: str) -> Iterator[str]:
    rows = filter(None, csv.reader(file, strict=True))
    first = next(rows, [])
    heading = [name.strip().lower() for name in first]
    if _KEY in heading:
        yield from _of_column(rows, heading.index(_KEY), source)
    elif first:
        yield from _of_manifest(chain([first], rows), source, bucket)


def _of_column(rows: Iterator[list[str]], column: int, source: str) -> Iterator[str]:
    for number, row in enumerate(rows, start=2):
        if len(row) <= column:
            raise CommandFailed(f"{source}: row {number} has no key.", exit_code=2)
        yield row[column]


def _of_manifest(rows: Iterator[list[str]], source: str, bucket: str) -> Iterator[str]:
    name, _, prefix = bucket.partition("/")
    for number, row in enumerate(rows, start=1):
        if len(row) < 2 or row[0] != name:
            raise CommandFailed(
                f"{source}: no column is headed {_KEY}, and row {number} does not begin with the bucket {name}.",
                exit_code=2,
            )
        yield unquote_plus(row[1]).removeprefix(f"{prefix}/" if prefix else "")
