"""Names lead to cards and factories; nothing that lists them loads a network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import detectors
from detectors.registry import REGISTRY, Registry, UnknownDetector
from tests.support.detectors import a_card


def test_both_detectors_are_registered():
    assert {"mesonet", "telltale"} <= set(detectors.names())


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(KeyError) as why:
        detectors.spec("mesonett")
    assert isinstance(why.value, UnknownDetector)
    assert str(why.value) == f"'mesonett' is not a detector; known: {', '.join(detectors.names())}"


def test_a_name_is_given_once(tmp_path: Path):
    with pytest.raises(ValueError, match="already taken by a:make"):
        Registry([("one", "a:make"), ("one", "b:make")], cards=tmp_path)


def test_a_card_of_another_name_is_refused(tmp_path: Path):
    (tmp_path / "one.json").write_text(a_card("other").model_dump_json())
    with pytest.raises(ValueError, match=r"'one'.*'other'"):
        Registry([("one", "a:make")], cards=tmp_path).card("one")


@pytest.mark.parametrize("name", detectors.names())
def test_every_detector_has_its_card_and_its_factory(name: str):
    assert detectors.card(name).spec == detectors.spec(name)
    assert detectors.spec(name).demand.detector == name
    assert callable(REGISTRY.factory(name))


def test_cards_and_availability_do_without_torch(tmp_path: Path):
    script = (
        "import json, sys, pathlib, detectors, detectors.fetching\n"
        "for name in detectors.names():\n"
        "    detectors.spec(name), detectors.card(name), detectors.availability(name, pathlib.Path(sys.argv[1]))\n"
        "print(json.dumps(sorted({'torch', 'torchvision', 'timm', 'h5py', 'cv2'} & set(sys.modules))))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert json.loads(ran.stdout) == []
