"""Our networks and rules give the numbers of the originals, and the runner that says so cannot be fooled."""

import json
from pathlib import Path

import pytest

from tests.parity.__main__ import main
from tests.parity.fixtures import OWN, UnknownFixture, fixtures_in, lines_of

SMALL = "dessa_resnet18_plain"


@pytest.mark.parametrize("file", fixtures_in(OWN), ids=lambda file: file.stem)
def test_every_golden_fixture_is_met(file: Path):
    lines = list(lines_of(file))
    assert lines
    assert [str(line) for line in lines if not line.ok] == []


def a_copy(folder: Path, **changes: object) -> Path:
    fixture = json.loads((OWN / f"{SMALL}.json").read_text())
    path = folder / f"{SMALL}.json"
    path.write_text(json.dumps({**fixture, **changes}))
    return path


def test_a_wrong_number_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    a_copy(tmp_path, outputs={"7": [[2.4218, -225.086], [7.2795, -226.0]]})
    assert main([str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "FAIL dessa/resnet18_plain seed 7" in told
    assert "1 failed" in told


def test_other_weights_give_other_numbers(tmp_path: Path):
    right = json.loads((OWN / f"{SMALL}.json").read_text())["outputs"]["7"]
    for changes in ({"outputs": {"8": right}}, {"gain": 1.9}):
        lines = list(lines_of(a_copy(tmp_path, **changes)))
        assert [line.ok for line in lines] == [True, False], "names fit, numbers do not"


def test_a_name_that_the_original_does_not_have_is_told(tmp_path: Path):
    keys = json.loads((OWN / f"{SMALL}.json").read_text())["keys"]
    with pytest.raises(Exception, match=r"left over: fc\.1\.scale"):
        list(lines_of(a_copy(tmp_path, keys={**keys, "fc.1.scale": [[2], "float32"]})))


@pytest.mark.parametrize("content", [{"network": "resnet19", "system": "dessa", "keys": {}}, {"system": "dessa"}])
def test_a_fixture_that_nobody_knows_is_an_error_and_not_left_out(tmp_path: Path, content: dict):
    path = tmp_path / "strange_cases.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UnknownFixture, match="strange_cases"):
        list(lines_of(path))
    assert main([str(tmp_path)]) == 1


def test_an_empty_folder_proves_nothing(tmp_path: Path):
    with pytest.raises(UnknownFixture):
        fixtures_in(tmp_path)
