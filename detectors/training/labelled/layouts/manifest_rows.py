"""A CSV of labelled files, as ``telltale evaluate`` reads it, in; labelled media out."""

from pathlib import Path

from detectors.evaluation.manifest import Item, ManifestError, read_manifest
from detectors.training.configuration import Collection
from detectors.training.labelled.media import LabelledMedia, ManifestUnusable, chosen_variant, part_called


def read_manifest_rows(collection: Collection) -> list[LabelledMedia]:
    """The rows of ``manifest``, or of ``root`` if that is the file; ``variant`` picks those of one ``compression``.

    Raises:
        ManifestUnusable: it cannot be read or has wrong rows (missing files too); all mistakes at once, by line.
        VariantUnknown: no row has that compression.
    """
    manifest = collection.manifest or collection.root
    try:
        items = read_manifest(manifest)
    except ManifestError as why:
        raise ManifestUnusable(str(why)) from why
    if collection.variant is not None:
        there = sorted({item.compression for item in items if item.compression})
        variant = chosen_variant(manifest, collection.variant, there)
        items = [item for item in items if item.compression == variant]
    return [_labelled(item, manifest) for item in items]


def _labelled(item: Item, manifest: Path) -> LabelledMedia:
    part = part_called(item.split, f"{manifest}: {item.path.name}") if item.split else None
    return LabelledMedia(item.path, bool(item.label), item.source, part, item.family or None)
