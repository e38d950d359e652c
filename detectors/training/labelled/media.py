"""What a labelled collection consists of: files with their truth and their people, and why a collection is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detectors.training.footage import SUFFIXES as VIDEO_SUFFIXES

Part = Literal["train", "calibrate", "test"]

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
FRAMES = "frames"
PART_WORDS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "learn": "train",
    "val": "calibrate",
    "valid": "calibrate",
    "validation": "calibrate",
    "calibrate": "calibrate",
    "test": "test",
}


class CollectionUnusable(ValueError):
    """A labelled collection cannot be learned from as it lies there; the message says what to change."""


class FolderMissing(CollectionUnusable):
    """The folders that the layout promises are not there."""


class ClassEmpty(CollectionUnusable):
    """The collection holds no genuine or no manipulated media."""


class VariantUnknown(CollectionUnusable):
    """The collection has no such variant, or has several and none is named."""


class FilesMissing(CollectionUnusable):
    """A manifest names files that are not there; the message says how many and which comes first."""


class ManifestUnusable(CollectionUnusable):
    """A manifest cannot be read, or says something that its format does not know."""


class PersonInTwoParts(CollectionUnusable):
    """A published split puts one person into two parts, so what it measures is not news to the network."""


class PartEmpty(CollectionUnusable):
    """After the split a part lacks genuine or manipulated media."""


@dataclass(frozen=True, slots=True)
class LabelledMedia:
    """One video or picture with its truth.

    ``identity`` is who is seen, or the source video where people are not named; ``donors`` are others who went into a
    manipulation. ``split`` is the part that the publisher put it into, ``family`` the kind of manipulation.
    """

    path: Path
    manipulated: bool
    identity: str
    split: Part | None = None
    family: str | None = None
    donors: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who must be in one part with this file."""
        return (self.identity, *self.donors)


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def media_in(folder: Path) -> list[Path]:
    """The videos and pictures of a folder by name, without those of its sub-folders; none if there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_media(path))


def is_media(path: Path) -> bool:
    """Whether the name is that of a video or picture; hidden files are none."""
    return path.suffix.lower() in (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES) and not path.name.startswith(".")


def part_called(word: str, where: str) -> Part:
    """The part that a manifest or a folder calls ``word``. Raises ``ManifestUnusable`` for words of no part."""
    part = PART_WORDS.get(word.lower())
    if part is None:
        raise ManifestUnusable(f"{where}: the split is {word!r}, not one of {', '.join(PART_WORDS)}")
    return part


def chosen_variant(root: Path, wanted: str | None, there: Sequence[str]) -> str:
    """The wanted variant, or the only one.

    Raises:
        VariantUnknown: it is not among those that are there, or there are several and none is wanted.
    """
    if wanted is None and len(there) == 1:
        return there[0]
    if wanted is None or wanted not in there:
        what = f"no variant {wanted!r}" if wanted else "no variant is named"
        raise VariantUnknown(f"{root}: {what}; there are: {', '.join(there) or 'none'}")
    return wanted


def require_both_classes(root: Path, media: Sequence[LabelledMedia]) -> None:
    """Raises ``ClassEmpty`` when all media are genuine or all are manipulated."""
    for manipulated, word in ((False, "genuine"), (True, "manipulated")):
        if not any(one.manipulated == manipulated for one in media):
            raise ClassEmpty(f"{root} holds no {word} videos or pictures")
