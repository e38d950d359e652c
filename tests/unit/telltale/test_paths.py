"""Files, folders and patterns become files, each once."""

from pathlib import Path

import pytest

from telltale.errors import CommandFailed
from telltale.paths import files_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.jpg", "in/c d.mov", "in/deeper/ü.png", ".hidden.mp4", ".git/x.mp4", "half.mp4.part", "~x"):
        file = tmp_path / "media" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "media"


def names(paths: list[Path], folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in paths]


def test_a_folder_stands_for_its_finished_and_visible_files(folder: Path):
    assert names(files_of([str(folder)]), folder) == ["a.jpg", "b.mp4", "in/c d.mov", "in/deeper/ü.png"]


def test_a_named_file_is_taken_whatever_its_name(folder: Path):
    assert names(files_of([str(folder / ".hidden.mp4")]), folder) == [".hidden.mp4"]


def test_patterns_are_expanded(folder: Path):
    assert names(files_of([str(folder / "*.mp4")]), folder) == ["b.mp4"]
    assert names(files_of([str(folder / "**" / "*.mov")]), folder) == ["in/c d.mov"]


def test_order_is_kept_and_nothing_comes_twice(folder: Path):
    wanted = [str(folder / "b.mp4"), str(folder), str(folder / "b.mp4")]
    assert names(files_of(wanted), folder) == ["b.mp4", "a.jpg", "in/c d.mov", "in/deeper/ü.png"]


@pytest.mark.parametrize("missing", ["nothing.mp4", "*.avi", "no/where"])
def test_what_names_nothing_is_an_error_of_its_own_kind(folder: Path, missing: str):
    with pytest.raises(CommandFailed, match="No such file or folder") as failure:
        files_of([str(folder / missing)])
    assert failure.value.exit_code == 2


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path):
    (folder / "odd [1].mp4").touch()
    assert names(files_of([str(folder / "odd [1].mp4")]), folder) == ["odd [1].mp4"]
