"""The three steps of docs/detectors.md really give a detector."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from contracts.errors import DetectorUnavailable
from detectors.cards import DetectorCard
from detectors.probe import probe_clips, prove
from detectors.registry import Registry
from detectors.runtime import Runtime
from detectors.weights import sha256_of

GUIDE = (Path(__file__).parents[3] / "docs" / "detectors.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[0]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    plugin = tmp_path / "plugin_of_the_guide"
    plugin.mkdir()
    (plugin / "dots_of_the_guide.py").write_text(block("python"))
    monkeypatch.syspath_prepend(plugin)
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "dots.json").write_text(json.dumps(card_with_real_weights(tmp_path / "weights")))
    return Registry([("dots", "dots_of_the_guide:make")], cards=cards)


def card_with_real_weights(weights: Path) -> dict:
    random = torch.Generator().manual_seed(2)
    path = weights / "dots" / "dots.safetensors"
    path.parent.mkdir(parents=True)
    tensors = {"convolution.weight": torch.randn(1, 3, 3, 3, generator=random), "convolution.bias": torch.zeros(1)}
    save_file(tensors, path)
    card = json.loads(block("json"))
    card["weights"][0] |= {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    return card


def test_the_plug_in_of_the_guide_is_a_sound_detector(registry: Registry, tmp_path: Path):
    detector = registry.create("dots", weights=tmp_path / "weights", runtime=Runtime(), allow_untrained=False)
    prove(detector)
    assert not detector.untrained
    even, pasted = probe_clips(detector.spec)
    assert detector.score([even]) != detector.score([pasted])


def test_it_needs_its_weights_or_says_that_it_is_untrained(registry: Registry, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match="telltale detectors fetch dots"):
        registry.create("dots", weights=tmp_path / "nowhere", runtime=Runtime(), allow_untrained=False)
    assert registry.create("dots", weights=tmp_path / "nowhere", runtime=Runtime(), allow_untrained=True).untrained


def test_the_guide_names_every_registered_detector():
    from detectors import names

    table = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert sorted(table) == sorted(names())


def test_the_card_of_the_guide_is_a_card():
    assert DetectorCard.model_validate_json(block("json")).calibration is None
