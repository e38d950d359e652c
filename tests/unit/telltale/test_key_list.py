"""Lists of keys are read in the forms that people and stores write them in."""

import csv
import io
import sys
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import CommandFailed
from telltale.key_list import keys_in

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
NO_LINE_ENDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


def written(file: Path, rows: list[list[str]]) -> str:
    with file.open("w", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return str(file)


def read(source: str, bucket: str = "incoming") -> list[str]:
    return list(keys_in(source, bucket=bucket))


@given(keys=st.lists(NO_LINE_ENDS, max_size=5))
def test_a_line_is_a_key_as_it_is_written(folder: Path, keys: list[str]):
    (folder / "keys.txt").write_text("\n".join(["\ufeff", *keys]))
    assert read(str(folder / "keys.txt")) == keys


@given(keys=st.lists(KEYS, max_size=5))
def test_a_column_key_holds_any_key(folder: Path, keys: list[str]):
    rows = [["size", "Key"], *(["1", key] for key in keys)]
    assert read(written(folder / "keys.csv", rows)) == keys


@given(keys=st.lists(KEYS, max_size=5))
def test_a_manifest_has_bucket_and_encoded_key(folder: Path, keys: list[str]):
    rows = [["incoming", quote_plus(key), "version"] for key in keys]
    assert read(written(folder / "manifest.CSV", rows)) == keys


def test_the_keys_of_a_manifest_count_from_the_buckets_name(folder: Path):
    manifest = written(folder / "manifest.csv", [["incoming", "desk/a+b.mp4"]])
    assert read(manifest, bucket="incoming/desk") == ["a b.mp4"]


def test_standard_input_is_a_list_of_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a b.mp4\n\n c.mp4"))
    assert read("-") == ["a b.mp4", " c.mp4"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("keys.csv", b"size,key\n1,a.mp4\n1\n", "row 3 has no key"),
        ("keys.csv", b"a.mp4\nb.mp4\n", "no column is headed key, and row 1 does not begin with the bucket incoming"),
        ("keys.csv", b'key\n"a', "cannot be read"),
        ("keys.txt", b"a\xff.mp4", "cannot be read"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandFailed, match=sentence):
        read(str(tmp_path / name))


def test_a_list_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(CommandFailed, match="cannot be read"):
        read(str(tmp_path / "none.txt"))
