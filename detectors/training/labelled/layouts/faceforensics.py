"""The folders and split files of FaceForensics++ in, labelled media out.

Source: Roessler, Cozzolino, Verdoliva, Riess, Thies, Niessner, "FaceForensics++", ICCV 2019, and its repository
github.com/ondyari/FaceForensics (folders, names and ``splits/{train,val,test}.json``).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.training.configuration import Collection
from detectors.training.labelled.media import (
    FilesMissing,
    FolderMissing,
    LabelledMedia,
    ManifestUnusable,
    Part,
    PersonInTwoParts,
    chosen_variant,
    media_in,
    part_called,
)

ORIGINAL, MANIPULATED = "original_sequences", "manipulated_sequences"
COMPRESSIONS = ("raw", "c0", "c23", "c40")
_SPLIT_FILES = ("train", "val", "test")
_YOUTUBE = re.compile(r"(\d{3})(?:_(\d{3}))?")
_NUMBER = re.compile(r"\d{3}")
_ACTORS = re.compile(r"(\d{2})(?:_(\d{2}))?__.+")


def read_faceforensics(collection: Collection) -> list[LabelledMedia]:
    """The videos of one compression; ``variant`` names it (``raw``, ``c0``, ``c23``, ``c40``).

    A published split is looked for in ``manifest`` or else below the root; actors are in none. A split may name more
    videos than are there, as after a download of some of them.

    Raises:
        FolderMissing: neither originals nor manipulated videos are there.
        VariantUnknown: not in that compression.
        FilesMissing: the split files are not where the manifest says.
        ManifestUnusable: a split file has another format, or names none of a video's people.
        PersonInTwoParts: a video belongs to two parts.
    """
    root = collection.root
    folders = [
        folder for top in (ORIGINAL, MANIPULATED) for folder in sorted((root / top).glob("*")) if folder.is_dir()
    ]
    if not folders:
        raise FolderMissing(f"{root} holds neither {ORIGINAL} nor {MANIPULATED}")
    there = [name for name in COMPRESSIONS if any(media_in(folder / name / "videos") for folder in folders)]
    variant = chosen_variant(root, collection.variant, there)
    parts = _published_parts(collection)
    return [one for folder in folders for one in _labelled(folder, variant, parts)]


def people_in_name(stem: str) -> tuple[str, ...] | None:
    """Who is seen in the video and whose face or motion went in; nothing for names of another form.

    >>> people_in_name("033_097")
    ('youtube:033', 'youtube:097')
    >>> people_in_name("06_04__walking_outside_cafe_disgusted__ZK95PQDE")
    ('actor:06', 'actor:04')
    """
    for kind, form in (("youtube", _YOUTUBE), ("actor", _ACTORS)):
        if found := form.fullmatch(stem):
            return tuple(f"{kind}:{number}" for number in found.groups() if number)
    return None


def _labelled(folder: Path, variant: str, parts: Mapping[str, Part]) -> Iterator[LabelledMedia]:
    manipulated = folder.parent.name == MANIPULATED
    for path in media_in(folder / variant / "videos"):
        people = people_in_name(path.stem)
        if people is None:
            raise ManifestUnusable(f"{path} is named neither like 033_097 nor like 06_04__scene__code")
        family = folder.name if manipulated else None
        yield LabelledMedia(path, manipulated, people[0], _part_of(path, people, parts), family, people[1:])


def _part_of(path: Path, people: Sequence[str], parts: Mapping[str, Part]) -> Part | None:
    named = [person for person in people if person.startswith("youtube:")]
    if not parts or not named:
        return None
    if strangers := [person for person in named if person not in parts]:
        raise ManifestUnusable(f"the split files name no part for {', '.join(strangers)}, who is in {path}")
    found: set[Part] = {parts[person] for person in named}
    if len(found) > 1:
        raise PersonInTwoParts(f"the people of {path.name} are in two parts: {', '.join(sorted(found))}")
    return found.pop()


def _published_parts(collection: Collection) -> dict[str, Part]:
    """The part of every person that the split files name; empty where there are no split files."""
    parts: dict[str, Part] = {}
    for word, pairs in _split_lists(collection).items():
        part = part_called(word, "the split files")
        for number in _numbers(pairs, word):
            person = f"youtube:{number}"
            if parts.setdefault(person, part) != part:
                raise PersonInTwoParts(f"the split files put {number} into {parts[person]} and into {part}")
    return parts


def _split_lists(collection: Collection) -> dict[str, Any]:
    given = collection.manifest
    if given is not None and given.is_file() and given.stem not in _SPLIT_FILES:
        lists = _json(given)
        if not isinstance(lists, dict):
            raise ManifestUnusable(f"{given} is no object with the lists train, val and test")
        return lists
    if given is not None:
        places = [given.parent] if given.suffix == ".json" else [given, given / "splits"]
    else:
        places = [collection.root / "splits", collection.root, collection.root / "dataset" / "splits"]
    folder = next((place for place in places if any((place / f"{word}.json").is_file() for word in _SPLIT_FILES)), None)
    if folder is None and given is None:
        return {}
    files = {word: (folder or places[0]) / f"{word}.json" for word in _SPLIT_FILES}
    if gone := [file for file in files.values() if not file.is_file()]:
        raise FilesMissing(f"{len(gone)} split files are missing, first: {gone[0]}")
    return {word: _json(file) for word, file in files.items()}


def _numbers(pairs: Any, word: str) -> Iterator[str]:
    if not isinstance(pairs, list):
        raise ManifestUnusable(f"the split {word} is no list of pairs of numbers")
    for pair in pairs:
        if not isinstance(pair, list) or not all(isinstance(one, str) and _NUMBER.fullmatch(one) for one in pair):
            raise ManifestUnusable(f"the split {word} holds {pair!r}, not a pair like ['033', '097']")
        yield from pair


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as why:
        raise ManifestUnusable(f"{file} cannot be read: {why}") from why
