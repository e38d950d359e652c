"""A new detector's package is found, keeps every promise, and is refused where its name is taken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import detectors
from detectors.cards import DetectorCard
from detectors.registry import Registry
from detectors.scaffold import PLUGIN, TakenName, write_new
from telltale.detector_making import new
from telltale.errors import CommandFailed

ROOT = Path(__file__).parents[3]
MOST_LINES = 30


def installed(name: str, folder: Path) -> Path:
    """What an installer leaves behind: the package and the entry points of its project, on one path."""
    write_new(name, folder)
    facts = folder / f"telltale_{name}-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: telltale-{name}\nVersion: 0.1.0\n")
    project = (folder / "pyproject.toml").read_text()
    entry = project.split('[project.entry-points."telltale.detectors"]\n')[1].replace('"', "")
    (facts / "entry_points.txt").write_text(f"[telltale.detectors]\n{entry}")
    return folder


def telltale(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telltale", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(path)])},
        cwd=path,
        text=True,
        capture_output=True,
        check=False,
    )


def test_an_installed_package_is_a_detector_that_keeps_every_promise(tmp_path: Path):
    place = installed("dots", tmp_path / "dots")
    listed = telltale("detectors", "list", "--json", "--home", str(tmp_path / "home"), path=place)
    assert '"dots"' in listed.stdout
    checked = telltale("detectors", "check", "dots", "--random-weights", path=place)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("kept") == 9
    own_test = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(place / "tests")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(place)])},
        cwd=place,
        text=True,
        capture_output=True,
        check=False,
    )
    assert own_test.returncode == 0, own_test.stdout


def test_without_its_weights_it_is_unavailable_like_any_other(tmp_path: Path):
    place = installed("dots", tmp_path / "dots")
    checked = telltale("detectors", "check", "dots", "--home", str(tmp_path / "home"), path=place)
    assert checked.returncode == 1
    assert "telltale detectors fetch dots" in checked.stderr


def test_the_plug_in_is_short_and_its_card_is_a_card(tmp_path: Path):
    assert len(PLUGIN.splitlines()) <= MOST_LINES
    files = write_new("dots", tmp_path / "new")
    card = next(file for file in files if file.suffix == ".json")
    assert DetectorCard.model_validate_json(card.read_bytes()).spec.name == "dots"


@pytest.mark.parametrize("name", ["Dots", "my-dots", "1st", "", "a/b"])
def test_a_name_that_is_no_plain_word_is_refused(name: str, tmp_path: Path):
    with pytest.raises(TakenName, match="lower-case"):
        write_new(name, tmp_path / "new")


def test_nothing_is_written_over(tmp_path: Path):
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(TakenName, match="not empty"):
        write_new("dots", tmp_path)
    with pytest.raises(CommandFailed, match="already"):
        new("telltale", tmp_path / "new", tmp_path / "home")


def test_a_package_cannot_take_the_name_of_another_detector(tmp_path: Path):
    registry = Registry([("one", "a:make")], cards=tmp_path, plugins=lambda: [("one", "b:make")])
    with pytest.raises(ValueError, match="'one' is already taken by a:make"):
        registry.names()


def test_packages_are_asked_for_once(tmp_path: Path):
    asked = []
    registry = Registry([], cards=tmp_path, plugins=lambda: asked.append(1) or [("one", "a:make")])
    assert not asked
    assert registry.names() == registry.names() == ("one",)
    assert asked == [1]


def test_a_package_that_is_gone_is_said(tmp_path: Path):
    registry = Registry([], cards=tmp_path, plugins=lambda: [("ghost", "no_such_module:make")])
    with pytest.raises(ValueError, match="no_such_module of detector 'ghost'"):
        registry.card("ghost")


def test_the_built_in_detectors_need_no_package():
    assert "telltale" in detectors.names()
