"""A manifest says what is wrong with it by line, all at once."""

from pathlib import Path

import pytest

from detectors.evaluation.manifest import Item, ManifestError, items_of, read_manifest, sha256_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "c d.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_become_items_beside_the_manifest(folder: Path):
    path = manifest(
        folder, "path,label,source,family,compression,split,more", "a.mp4,real,ann,,c23,test,x", '"c d.mp4",1,,swap,,,'
    )
    assert read_manifest(path) == [
        Item(path=folder / "a.mp4", label=0, source="ann", compression="c23", split="test"),
        Item(path=folder / "c d.mp4", label=1, source=str(folder / "c d.mp4"), family="swap"),
    ]


def test_labels_are_words_or_numbers_in_any_case_and_order_of_columns(folder: Path):
    path = manifest(folder, "label,path", "FAKE,a.mp4", "0,b.mp4")
    assert [item.label for item in read_manifest(path)] == [1, 0]


def test_a_byte_order_mark_is_no_part_of_the_first_column(folder: Path):
    path = folder / "manifest.csv"
    path.write_text("path,label\na.mp4,real\n", encoding="utf-8-sig")
    assert len(read_manifest(path)) == 1


@pytest.mark.parametrize(
    ("lines", "mistakes"),
    [
        (("path,truth", "a.mp4,real"), ["line 1: no column called label"]),
        (("path,label", "a.mp4,maybe"), ["line 2: the label is 'maybe', not one of real, 0, fake, 1"]),
        (("path,label", "a.mp4,real", "z.mp4,fake"), ["line 3: no such file: z.mp4"]),
        (("path,label", ",real"), ["line 2: no path"]),
        (("path,label", "a.mp4"), ["line 2: another number of fields than the heading"]),
        (("path,label", "a.mp4,real,extra"), ["line 2: another number of fields than the heading"]),
        (("path,label", "a.mp4,real", "b.mp4,1", "a.mp4,1"), ["line 4: a.mp4 was named in line 2 already"]),
        (("path,label",), ["line 2: no items follow the heading"]),
        (("path,label", '"a.mp4,real'), ["line 2: not CSV"]),
        (("path,label", "z.mp4,real", "a.mp4,no"), ["line 2: no such file: z.mp4", "line 3: the label is 'no'"]),
    ],
)
def test_mistakes_are_named_by_line(folder: Path, lines: tuple[str, ...], mistakes: list[str]):
    with pytest.raises(ManifestError) as failed:
        read_manifest(manifest(folder, *lines))
    assert len(failed.value.lines) == len(mistakes)
    assert all(found.startswith(mistake) for found, mistake in zip(failed.value.lines, mistakes, strict=True))
    assert "manifest.csv: line" in str(failed.value)


def test_of_many_mistakes_the_sentence_names_ten(folder: Path):
    with pytest.raises(ManifestError, match=r"\(and 5 more\)"):
        read_manifest(manifest(folder, "path,label", *["z.mp4,real"] * 15))


def test_what_cannot_be_read_as_text_is_named(folder: Path):
    (folder / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="not UTF-8"):
        read_manifest(folder / "binary.csv")
    with pytest.raises(ManifestError, match="No such file"):
        read_manifest(folder / "missing.csv")


def test_folders_give_their_label(folder: Path):
    (item,) = items_of("fake", [folder / "a.mp4"])
    assert (item.label, item.source) == (1, str(folder / "a.mp4"))


def test_the_hash_covers_manifest_paths_and_labels(folder: Path):
    genuine, manipulated = items_of("real", [folder / "a.mp4"]), items_of("fake", [folder / "a.mp4"])
    assert len({sha256_of(genuine), sha256_of(manipulated), sha256_of(genuine, [b"text"]), sha256_of([])}) == 4
