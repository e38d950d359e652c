"""The folders of the Deepfake Detection Challenge with their ``metadata.json`` in, labelled media out.

Source: Dolhansky, Bitton, Pflaum, Lu, Howes, Wang, Canton Ferrer, "The DeepFake Detection Challenge Dataset", 2020.
People are not named there, so the original video stands for them, in itself and in what was made from it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detectors.training.configuration import Collection
from detectors.training.labelled.media import (
    FilesMissing,
    FolderMissing,
    LabelledMedia,
    ManifestUnusable,
    chosen_variant,
    part_called,
)

METADATA = "metadata.json"
_LABELS = {"FAKE": True, "REAL": False}


def read_dfdc(collection: Collection) -> list[LabelledMedia]:
    """The videos that the metadata of all parts name, or of the one that ``variant`` names.

    The training set says ``train`` of every file; only where it tells several parts is that taken for a split.

    Raises:
        FolderMissing: there is no metadata.
        VariantUnknown: no part is called so.
        FilesMissing: the metadata names files that are not there.
        ManifestUnusable: it has another format.
    """
    files = _metadata_files(collection)
    if collection.variant is not None:
        variant = chosen_variant(collection.root, collection.variant, [file.parent.name for file in files])
        files = [file for file in files if file.parent.name == variant]
    rows = [(file.parent / name, row) for file in files for name, row in _rows(file)]
    if gone := [path for path, _ in rows if not path.is_file()]:
        raise FilesMissing(f"{len(gone)} of {len(rows)} videos that {METADATA} names are missing, first: {gone[0]}")
    is_split = len({row.get("split") for _, row in rows}) > 1
    return [_labelled(path, row, is_split=is_split) for path, row in rows]


def _metadata_files(collection: Collection) -> list[Path]:
    if collection.manifest is not None:
        files = [collection.manifest]
    else:
        files = [collection.root / METADATA, *sorted(collection.root.glob(f"*/{METADATA}"))]
    there = [file for file in files if file.is_file()]
    if not there:
        raise FolderMissing(f"there is no {METADATA} in {collection.root} or in a folder of it (dfdc_train_part_...)")
    return there


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(file.read_bytes())
    except (OSError, ValueError) as why:
        raise ManifestUnusable(f"{file} cannot be read: {why}") from why
    if not isinstance(rows, dict):
        raise ManifestUnusable(f"{file} is no object with one entry per video")
    for name in sorted(rows):
        row = rows[name]
        if not isinstance(row, dict) or str(row.get("label")) not in _LABELS:
            raise ManifestUnusable(f"{file}: the entry of {name} has no label FAKE or REAL")
        if _LABELS[row["label"]] and not row.get("original"):
            raise ManifestUnusable(f"{file}: {name} is FAKE, but names no original")
        yield name, row


def _labelled(path: Path, row: dict[str, Any], *, is_split: bool) -> LabelledMedia:
    manipulated = _LABELS[row["label"]]
    source = Path(row["original"] if manipulated else path.name).stem
    part = part_called(str(row.get("split")), str(path)) if is_split else None
    return LabelledMedia(path, manipulated, f"dfdc:{source}", part)
