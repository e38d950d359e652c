"""Folders as Dessa's DeepFake-Detection arranges them in, labelled media out.

Layout of github.com/dessa-oss/DeepFake-Detection: ``{base,augment,both}[_deepfake]/{fake,real}[/frames]`` with
``val/{fake,real}[/frames]`` inside, or the same with ``train`` and ``val`` outside. Its split goes by patterns of
names, so one person can be in both parts; whoever divides the media leaves such files out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from detectors.training.configuration import Collection
from detectors.training.labelled.layouts.faceforensics import people_in_name
from detectors.training.labelled.media import FRAMES, FolderMissing, LabelledMedia, Part, chosen_variant, media_in

VARIANTS = ("base", "augment", "both")
FAMILIES = {
    "deepfake": "Deepfakes",
    "face2face": "Face2Face",
    "faceswap": "FaceSwap",
    "neuraltextures": "NeuralTextures",
    "deepfakedetection": "DeepFakeDetection",
}
_FRAME_NUMBER = re.compile(r"_\d{3,}$")
_PARTS: tuple[tuple[str, Part], ...] = (("train", "train"), ("val", "calibrate"))


def read_dessa(collection: Collection) -> list[LabelledMedia]:
    """The media of one variant; where a folder holds ``frames``, these and not the videos beside them.

    Raises:
        FolderMissing: no variant of the layout is there.
        VariantUnknown: the named one is not, or there are several and none is named.
    """
    there = [variant for variant in VARIANTS if any(_parts(collection.root, variant))]
    if not there:
        names = ", ".join(f"{variant}_deepfake" for variant in VARIANTS)
        raise FolderMissing(f"{collection.root} holds none of the folders {names} with fake and real in them")
    variant = chosen_variant(collection.root, collection.variant, there)
    parts = list(_parts(collection.root, variant))
    is_split = any(part == "calibrate" for _, part in parts)
    return [one for folder, part in parts for one in _labelled(folder, part if is_split else None)]


def _parts(root: Path, variant: str) -> Iterator[tuple[Path, Part]]:
    """The folders with ``fake`` and ``real`` in them, each with its part."""
    for name in (f"{variant}_deepfake", variant):
        places: list[tuple[Path, Part]] = [(root / name, "train")]
        for word, part in _PARTS:
            places.append((root / name / word, part))
            places.append((root / word / name, part))
        for folder, part in places:
            if (folder / "fake").is_dir() or (folder / "real").is_dir():
                yield folder, part


def _labelled(folder: Path, part: Part | None) -> Iterator[LabelledMedia]:
    for label in ("fake", "real"):
        frames = media_in(folder / label / FRAMES)
        for path in frames or media_in(folder / label):
            source = _FRAME_NUMBER.sub("", path.stem) if frames else path.stem
            yield _labelled_file(path, source, part, manipulated=label == "fake")


def _labelled_file(path: Path, source: str, part: Part | None, *, manipulated: bool) -> LabelledMedia:
    prefix, _, rest = source.partition("_")
    family = FAMILIES.get(prefix) if manipulated else None
    people = people_in_name(rest if family else source) or (f"dessa:{source}",)
    return LabelledMedia(path, manipulated, people[0], part, family, people[1:])
