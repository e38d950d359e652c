"""Folders called ``real`` and ``fake`` in, labelled media out.

They lie in the root or in folders of it that are called like a part (``train``, ``val``, ``test``). A video, or a
picture that lies straight in ``real`` or ``fake``, is of the source that its name starts with, up to two underscores;
pictures in a deeper folder are frames of the source that the folder is named after. The first folder below ``fake``
(for pictures: if there is a second) names the family.
"""

from collections.abc import Iterator
from pathlib import Path

from detectors.training.configuration import Collection
from detectors.training.labelled.media import (
    FRAMES,
    PART_WORDS,
    FolderMissing,
    LabelledMedia,
    Part,
    VariantUnknown,
    is_media,
    is_picture,
)


def read_folders(collection: Collection) -> list[LabelledMedia]:
    """The media of all parts.

    Raises:
        FolderMissing: neither ``real`` nor ``fake`` is there, or only one of them.
        VariantUnknown: a variant is named, of which this layout has none.
    """
    root = collection.root
    if collection.variant is not None:
        raise VariantUnknown(f"{root}: folders of real and fake have no variants, not even {collection.variant!r}")
    places: list[tuple[Path, Part | None]] = [(root, None), *((root / word, part) for word, part in PART_WORDS.items())]
    for label in ("real", "fake"):
        if not any((folder / label).is_dir() for folder, _ in places):
            raise FolderMissing(f"{root} holds no folder {label}, nor does a part of it")
    return [one for folder, part in places for one in _labelled(folder, part, root.resolve().name)]


def _labelled(folder: Path, part: Part | None, collection: str) -> Iterator[LabelledMedia]:
    for label in ("real", "fake"):
        below = folder / label
        for path in sorted(path for path in below.rglob("*") if is_media(path)):
            folders = [name for name in path.relative_to(below).parts[:-1] if name != FRAMES]
            is_frame = is_picture(path) and bool(folders)
            source = (folders[-1] if is_frame else path.stem).partition("__")[0]
            families = folders[:-1] if is_frame else folders
            family = families[0] if label == "fake" and families else None
            yield LabelledMedia(path, label == "fake", f"{collection}:{source}", part, family)
