"""A collection of a training configuration in, its labelled media out: one reader per published layout."""

from collections.abc import Callable

from detectors.training.configuration import Collection
from detectors.training.labelled.layouts.dessa import read_dessa
from detectors.training.labelled.layouts.dfdc import read_dfdc
from detectors.training.labelled.layouts.faceforensics import read_faceforensics
from detectors.training.labelled.layouts.folders import read_folders
from detectors.training.labelled.layouts.manifest_rows import read_manifest_rows
from detectors.training.labelled.media import CollectionUnusable, FolderMissing, LabelledMedia, require_both_classes

_READERS: dict[str, Callable[[Collection], list[LabelledMedia]]] = {
    "dessa": read_dessa,
    "faceforensics": read_faceforensics,
    "dfdc": read_dfdc,
    "folders": read_folders,
    "csv": read_manifest_rows,
}
_WITHOUT_MANIFEST = ("dessa", "folders")


def read_collection(collection: Collection) -> tuple[LabelledMedia, ...]:
    """The media of a collection in a fixed order; only names and manifests are read, no pictures.

    Raises:
        CollectionUnusable: it cannot be used; its class says why, its message what to change.
    """
    if not collection.root.exists() and not (collection.kind == "csv" and collection.manifest):
        raise FolderMissing(f"there is no {collection.root}")
    if collection.manifest is not None and collection.kind in _WITHOUT_MANIFEST:
        raise CollectionUnusable(f"collections of kind {collection.kind} have no manifest: {collection.manifest}")
    media = _READERS[collection.kind](collection)
    require_both_classes(collection.root, media)
    return tuple(media)
