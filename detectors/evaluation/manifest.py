"""A CSV of labelled files in, or folders of one label each; the items to evaluate out, or what is wrong, by line."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

LABELS = {"real": 0, "0": 0, "fake": 1, "1": 1}
NEEDED = ("path", "label")
OPTIONAL = ("source", "family", "compression", "split")
_MOST_ERRORS = 10


class ManifestError(ValueError):
    """A manifest that cannot be used; ``lines`` are its mistakes, each with the number of its line."""

    def __init__(self, manifest: str, lines: Sequence[str]) -> None:
        more = f" (and {len(lines) - _MOST_ERRORS} more)" if len(lines) > _MOST_ERRORS else ""
        super().__init__(f"{manifest}: {'; '.join(lines[:_MOST_ERRORS])}{more}")
        self.lines = tuple(lines)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file with its truth: ``label`` 1 for manipulated; ``source`` is whom or what it was made from.

    Items of one source count as one when intervals are made; without one an item is its own source.
    """

    path: Path
    label: int
    source: str
    family: str = ""
    compression: str = ""
    split: str = ""


def read_manifest(manifest: Path) -> list[Item]:
    """The items of a CSV file with the columns ``path`` and ``label``; relative paths start at the file's folder.

    Raises:
        ManifestError: it cannot be read, lacks a column, has no rows, or has wrong ones; all mistakes at once.
    """
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        reason = why.strerror if isinstance(why, OSError) else "it is not UTF-8 text"
        raise ManifestError(str(manifest), [f"cannot be read: {reason}"]) from why
    rows = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        _require_columns(manifest, rows.fieldnames or ())
        read = [(rows.line_num, _item(row, manifest.parent)) for row in rows]
    except csv.Error as why:
        raise ManifestError(str(manifest), [f"line {rows.reader.line_num}: not CSV: {why}"]) from why
    mistakes = [*_mistakes(read), *_repetitions(read)]
    if mistakes or not read:
        raise ManifestError(str(manifest), mistakes or ["line 2: no items follow the heading"])
    return [item for _, item in read if isinstance(item, Item)]


def items_of(label: str, files: Iterable[Path]) -> list[Item]:
    """Files of one label, each its own source. Raises ``KeyError`` for other words than real, fake, 0 and 1."""
    return [Item(path=file, label=LABELS[label], source=str(file)) for file in files]


def sha256_of(items: Sequence[Item], texts: Iterable[bytes] = ()) -> str:
    """The SHA-256 of what was asked for: the bytes of the manifests, then path and label of every item."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text)
    for item in items:
        digest.update(f"\0{item.path}\0{item.label}".encode())
    return digest.hexdigest()


def _require_columns(manifest: Path, columns: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        known = ", ".join((*NEEDED, *OPTIONAL))
        raise ManifestError(str(manifest), [f"line 1: no column called {' or '.join(missing)} (known: {known})"])


def _item(row: dict[str, str | None], folder: Path) -> Item | str:
    """The item of a row, or what is wrong with it."""
    if None in row or None in row.values():
        return "another number of fields than the heading"
    told = {name: (row.get(name) or "").strip() for name in (*NEEDED, *OPTIONAL)}
    if not told["path"]:
        return "no path"
    label = LABELS.get(told["label"].lower())
    if label is None:
        return f"the label is {told['label']!r}, not one of {', '.join(LABELS)}"
    path = folder / Path(told["path"]).expanduser()
    if not path.is_file():
        return f"no such file: {told['path']}"
    extras = {name: told[name] for name in ("family", "compression", "split")}
    return Item(path=path, label=label, source=told["source"] or str(path), **extras)


def _mistakes(read: Iterable[tuple[int, Item | str]]) -> Iterator[str]:
    return (f"line {line}: {item}" for line, item in read if isinstance(item, str))


def _repetitions(read: Iterable[tuple[int, Item | str]]) -> Iterator[str]:
    first: dict[Path, int] = {}
    for line, item in read:
        if isinstance(item, str):
            continue
        if item.path in first:
            yield f"line {line}: {item.path.name} was named in line {first[item.path]} already"
        first.setdefault(item.path, line)
