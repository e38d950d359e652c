"""Each published layout is read as it lies on disk; what is missing or contradictory is refused by name."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest

from detectors.training.configuration import Collection
from detectors.training.labelled.layouts import read_collection
from detectors.training.labelled.media import (
    ClassEmpty,
    CollectionUnusable,
    FilesMissing,
    FolderMissing,
    LabelledMedia,
    ManifestUnusable,
    PersonInTwoParts,
    VariantUnknown,
)

Kind = Literal["dessa", "faceforensics", "dfdc", "folders", "csv"]


def a_tree(root: Path, files: Iterable[str]) -> Path:
    """Empty files, as layouts are read by names only."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def read(kind: Kind, root: Path, **more: Any) -> dict[str, LabelledMedia]:
    media = read_collection(Collection(kind=kind, root=root, **more))
    return {str(one.path.relative_to(root)): one for one in media}


def refused(kind: Kind, root: Path, error: type[CollectionUnusable], told: str, **more: Any) -> None:
    with pytest.raises(error, match=told):
        read_collection(Collection(kind=kind, root=root, **more))


DESSA = (
    "base_deepfake/real/frames/033_001.png",
    "base_deepfake/real/frames/033_002.png",
    "base_deepfake/real/033.mp4",
    "base_deepfake/fake/frames/deepfakedetection_06_04__walking__ZK95PQDE_001.png",
    "base_deepfake/val/real/frames/07__talking_against_wall_001.png",
    "base_deepfake/val/fake/frames/face2face_339_392_007.png",
    "augment_deepfake/real/frames/kitchen talk_001.png",
    "augment_deepfake/fake/swapped.mp4",
    "augment_deepfake/val/real/other.mp4",
    "T_deepfake/original_sequences/youtube/raw/videos/033.mp4",
)


def test_dessa_has_frames_before_videos_and_people_and_families_in_names(tmp_path: Path):
    media = read("dessa", a_tree(tmp_path, DESSA), variant="base")
    assert len(media) == 5, "videos that frames were taken from do not count again"
    real = media["base_deepfake/real/frames/033_001.png"]
    assert (real.manipulated, real.people, real.split, real.family) == (False, ("youtube:033",), "train", None)
    actors = media["base_deepfake/fake/frames/deepfakedetection_06_04__walking__ZK95PQDE_001.png"]
    assert (actors.people, actors.family) == (("actor:06", "actor:04"), "DeepFakeDetection")
    fake = media["base_deepfake/val/fake/frames/face2face_339_392_007.png"]
    assert (fake.manipulated, fake.people) == (True, ("youtube:339", "youtube:392"))
    assert (fake.split, fake.family) == ("calibrate", "Face2Face")


def test_dessa_variants_are_apart(tmp_path: Path):
    a_tree(tmp_path, DESSA)
    media = read("dessa", tmp_path, variant="augment")
    assert sorted(one.identity for one in media.values()) == ["dessa:kitchen talk", "dessa:other", "dessa:swapped"]
    refused("dessa", tmp_path, VariantUnknown, "there are: base, augment")
    refused("dessa", tmp_path, VariantUnknown, "'both'", variant="both")


@pytest.mark.parametrize("name", ["both", "both_deepfake"])
def test_dessa_is_read_with_the_parts_outside_too(tmp_path: Path, name: str):
    files = [f"{part}/{name}/{label}/frames/033_001.png" for part in ("train", "val") for label in ("real", "fake")]
    media = read("dessa", a_tree(tmp_path, files))
    assert {file: one.split for file, one in media.items()} == {
        file: "train" if file.startswith("train") else "calibrate" for file in files
    }


def test_dessa_without_val_has_no_split(tmp_path: Path):
    media = read("dessa", a_tree(tmp_path, ["base/real/1.mp4", "base/fake/2.mp4"]))
    assert {one.split for one in media.values()} == {None}


FORENSICS = (
    "original_sequences/youtube/c23/videos/033.mp4",
    "original_sequences/youtube/c23/videos/097.mp4",
    "original_sequences/youtube/c40/videos/033.mp4",
    "original_sequences/actors/c23/videos/06__walking.mp4",
    "manipulated_sequences/Deepfakes/c23/videos/033_097.mp4",
    "manipulated_sequences/FaceShifter/c23/videos/500_501.mp4",
    "manipulated_sequences/Deepfakes/masks/videos/033_097.mp4",
    "manipulated_sequences/DeepFakeDetection/c23/videos/06_04__walking__ZK95PQDE.mp4",
)


def with_splits(root: Path, folder: str = "splits", **lists: list[list[str]]) -> Path:
    parts = {"train": [["033", "097"]], "val": [["500", "501"]], "test": [["720", "672"]], **lists}
    (root / folder).mkdir(parents=True, exist_ok=True)
    for part, pairs in parts.items():
        (root / folder / f"{part}.json").write_text(json.dumps(pairs))
    return root


def test_faceforensics_keeps_the_published_split_and_both_people(tmp_path: Path):
    media = read("faceforensics", with_splits(a_tree(tmp_path, FORENSICS)), variant="c23")
    assert len(media) == 6, "other compressions and masks do not count"
    fake = media["manipulated_sequences/Deepfakes/c23/videos/033_097.mp4"]
    assert (fake.manipulated, fake.people) == (True, ("youtube:033", "youtube:097"))
    assert (fake.split, fake.family) == ("train", "Deepfakes")
    assert media["manipulated_sequences/FaceShifter/c23/videos/500_501.mp4"].split == "calibrate"
    assert media["original_sequences/actors/c23/videos/06__walking.mp4"].split is None
    refused("faceforensics", tmp_path, VariantUnknown, "there are: c23, c40")


@pytest.mark.parametrize("manifest", ["elsewhere", "elsewhere/val.json", "all.json"])
def test_faceforensics_takes_the_split_from_a_manifest(tmp_path: Path, manifest: str):
    root = with_splits(a_tree(tmp_path, FORENSICS), "elsewhere")
    lists = {"train": [["033", "097"]], "val": [["500", "501"]], "test": []}
    (root / "all.json").write_text(json.dumps(lists))
    media = read("faceforensics", root, variant="c23", manifest=root / manifest)
    assert media["original_sequences/youtube/c23/videos/097.mp4"].split == "train"


@pytest.mark.parametrize(
    ("lists", "error", "told"),
    [
        ({"test": [["033", "672"]]}, PersonInTwoParts, "put 033 into train and into test"),
        ({"train": [["033", "001"]], "test": [["097", "002"]]}, PersonInTwoParts, r"033_097\.mp4 are in two parts"),
        ({"val": []}, ManifestUnusable, "no part for youtube:500"),
        ({"val": ["500_501"]}, ManifestUnusable, "'500_501', not a pair"),
    ],
)
def test_faceforensics_splits_that_leak_or_forget_are_refused(
    tmp_path: Path, lists: dict[str, Any], error: type[CollectionUnusable], told: str
):
    root = with_splits(a_tree(tmp_path, FORENSICS), **lists)
    refused("faceforensics", root, error, told, variant="c23")


def test_faceforensics_split_files_that_are_missing_are_counted_and_named(tmp_path: Path):
    root = with_splits(a_tree(tmp_path, FORENSICS))
    (root / "splits" / "val.json").unlink()
    refused("faceforensics", root, FilesMissing, r"^1 split files .*splits/val\.json", variant="c23")
    refused("faceforensics", root, FilesMissing, "^3 split files", variant="c23", manifest=root / "nowhere")


def with_metadata(folder: Path, **rows: Any) -> Path:
    given = {
        "real.mp4": {"label": "REAL", "split": "train", "original": None},
        "fake.mp4": {"label": "FAKE", "split": "train", "original": "real.mp4"},
        **{f"{name}.mp4": row for name, row in rows.items()},
    }
    a_tree(folder, given)
    (folder / "metadata.json").write_text(json.dumps(given))
    return folder


def test_dfdc_fakes_belong_to_their_original(tmp_path: Path):
    with_metadata(tmp_path / "dfdc_train_part_0")
    other = {"label": "FAKE", "split": "train", "original": "elsewhere.mp4"}
    with_metadata(tmp_path / "dfdc_train_part_1", third=other)
    media = read("dfdc", tmp_path)
    assert len(media) == 5
    assert media["dfdc_train_part_0/fake.mp4"].manipulated
    assert media["dfdc_train_part_0/fake.mp4"].identity == media["dfdc_train_part_0/real.mp4"].identity == "dfdc:real"
    assert media["dfdc_train_part_1/third.mp4"].identity == "dfdc:elsewhere"
    assert {one.split for one in media.values()} == {None}, "all of it is called train, which divides nothing"
    assert len(read("dfdc", tmp_path, variant="dfdc_train_part_1")) == 3
    refused("dfdc", tmp_path, VariantUnknown, "dfdc_train_part_0, dfdc_train_part_1", variant="dfdc_train_part_7")


def test_dfdc_that_tells_several_parts_is_split_so(tmp_path: Path):
    with_metadata(tmp_path, watched={"label": "REAL", "split": "validation", "original": None})
    assert {file: one.split for file, one in read("dfdc", tmp_path).items()} == {
        "real.mp4": "train",
        "fake.mp4": "train",
        "watched.mp4": "calibrate",
    }


def test_dfdc_videos_that_are_missing_are_counted_and_named(tmp_path: Path):
    with_metadata(tmp_path)
    for file in ("real.mp4", "fake.mp4"):
        (tmp_path / file).unlink()
    refused("dfdc", tmp_path, FilesMissing, r"2 of 2 videos .* first: .*fake\.mp4")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"label": "MAYBE"}, r"odd\.mp4 has no label"),
        ({"label": ["FAKE"]}, r"odd\.mp4 has no label"),
        ({"label": "FAKE", "original": None}, r"odd\.mp4 is FAKE, but names no original"),
        ({"label": "REAL", "split": "dusk"}, "the split is 'dusk'"),
    ],
)
def test_dfdc_metadata_of_another_format_is_refused(tmp_path: Path, row: dict[str, Any], told: str):
    refused("dfdc", with_metadata(tmp_path, odd=row), ManifestUnusable, told)


def test_folders_name_sources_families_and_parts(tmp_path: Path):
    files = ["real/ann__one.mp4", "real/ann__two.jpg", "fake/swap/ann__three.mp4", "fake/swap/bob/frames/0001.png"]
    files += ["train/real/cat.mp4", "val/fake/dan.mp4", "fake/notes.txt", "fake/.hidden.mp4"]
    media = read("folders", a_tree(tmp_path / "mine", files))
    told = {file: (one.manipulated, one.identity, one.family, one.split) for file, one in media.items()}
    assert told == {
        "real/ann__one.mp4": (False, "mine:ann", None, None),
        "real/ann__two.jpg": (False, "mine:ann", None, None),
        "fake/swap/ann__three.mp4": (True, "mine:ann", "swap", None),
        "fake/swap/bob/frames/0001.png": (True, "mine:bob", "swap", None),
        "train/real/cat.mp4": (False, "mine:cat", None, "train"),
        "val/fake/dan.mp4": (True, "mine:dan", None, "calibrate"),
    }


def test_csv_is_read_as_evaluations_read_it(tmp_path: Path):
    a_tree(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])
    manifest, columns = tmp_path / "mine.csv", "path,label,source,family,compression,split"
    manifest.write_text(f"{columns}\na.mp4,real,ann,,c23,val\nb.mp4,1,ann,swap,c23,\nc.mp4,fake,,,c40,\n")
    media = read("csv", tmp_path, manifest=manifest)
    first, second, third = media["a.mp4"], media["b.mp4"], media["c.mp4"]
    assert (first.manipulated, first.identity, first.split, first.family) == (False, "ann", "calibrate", None)
    assert (second.manipulated, second.identity, second.split, second.family) == (True, "ann", None, "swap")
    assert third.identity == str(tmp_path / "c.mp4")
    assert set(read("csv", tmp_path, manifest=manifest, variant="c23")) == {"a.mp4", "b.mp4"}
    refused("csv", tmp_path, VariantUnknown, "there are: c23, c40", manifest=manifest, variant="raw")
    manifest.write_text("path,label\na.mp4,real\ngone.mp4,fake\nb.mp4,perhaps\n")
    refused("csv", tmp_path, ManifestUnusable, r"line 3: no such file: gone\.mp4; line 4", manifest=manifest)


@pytest.mark.parametrize("kind", ["dessa", "faceforensics", "dfdc", "folders"])
def test_folders_that_are_missing_are_named(tmp_path: Path, kind: Kind):
    refused(kind, tmp_path / "nowhere", FolderMissing, "there is no .*nowhere")
    refused(kind, tmp_path, FolderMissing, str(tmp_path))


@pytest.mark.parametrize(("kind", "file"), [("dessa", "base/real/1.mp4"), ("faceforensics", FORENSICS[0])])
def test_a_collection_of_one_class_is_refused(tmp_path: Path, kind: Kind, file: str):
    refused(kind, a_tree(tmp_path, [file]), ClassEmpty, "no manipulated")


def test_empty_folders_are_an_empty_class(tmp_path: Path):
    a_tree(tmp_path, ["fake/a.mp4"])
    refused("folders", tmp_path, FolderMissing, "no folder real")
    (tmp_path / "real").mkdir()
    refused("folders", tmp_path, ClassEmpty, "no genuine")
    refused("folders", tmp_path, VariantUnknown, "no variants", variant="both")
    refused("folders", tmp_path, CollectionUnusable, "have no manifest", manifest=tmp_path)
