"""Manifests and folders named on the command line in; the items to score out, with what named them and a hash of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detectors.evaluation.manifest import LABELS, Item, ManifestError, items_of, read_manifest, sha256_of
from telltale.errors import CommandFailed
from telltale.paths import files_of

BAD_INPUT = 2


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The items to evaluate, what named them, the SHA-256 of that, and what the reader should know of them."""

    items: tuple[Item, ...]
    named_by: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]


def asked_for(arguments: Sequence[str], split: str | None) -> Asked:
    """The items of a split, or all of them.

    Raises:
        CommandFailed: as :func:`asked_items`, or there is none (exit code 2).
    """
    items = asked_items(arguments)
    kept = [item for item in items if split in (None, item.split)]
    if not kept:
        raise CommandFailed(f"No item is of the split {split!r}." if items else "No items.", exit_code=BAD_INPUT)
    texts = [Path(argument).read_bytes() for argument in arguments if _labelled_folder(argument) is None]
    return Asked(
        items=tuple(kept), named_by=tuple(arguments), sha256=sha256_of(kept, texts), notes=tuple(_notes(items, kept))
    )


def asked_items(arguments: Sequence[str]) -> list[Item]:
    """The items of manifests and of folders given as ``real:DIR`` and ``fake:DIR``.

    Raises:
        CommandFailed: a manifest is wrong, or a file is named twice (exit code 2).
    """
    try:
        items = [item for argument in arguments for item in _items(argument)]
    except ManifestError as why:
        raise CommandFailed(str(why), exit_code=BAD_INPUT) from why
    seen: set[Path] = set()
    for item in items:
        place = item.path.resolve()
        if place in seen:
            raise CommandFailed(f"{item.path} is named more than once.", exit_code=BAD_INPUT)
        seen.add(place)
    return items


def are_lonely(items: Sequence[Item]) -> bool:
    """Whether nothing named a source, so that every file is its own."""
    return all(item.source == str(item.path) for item in items)


def _items(argument: str) -> list[Item]:
    labelled = _labelled_folder(argument)
    return items_of(labelled[0], files_of([labelled[1]])) if labelled else read_manifest(Path(argument))


def _labelled_folder(argument: str) -> tuple[str, str] | None:
    """Label and place of ``real:DIR``; nothing for a manifest, even one with such a name."""
    label, colon, place = argument.partition(":")
    return (label, place) if colon and label in LABELS and not Path(argument).exists() else None


def _notes(items: Sequence[Item], kept: Sequence[Item]) -> list[str]:
    notes = []
    splits: dict[str, set[str]] = {}
    for item in items:
        splits.setdefault(item.source, set()).add(item.split)
    shared = sorted(source for source, its in splits.items() if len(its - {""}) > 1)
    if shared:
        notes.append(f"{len(shared)} sources are in more than one split, among them {shared[0]}.")
    if are_lonely(kept):
        notes.append("No sources are named, so every file counts as a source of its own; intervals may be too narrow.")
    return notes
