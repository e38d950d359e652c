"""Only measured weights are shipped, and the card then tells their figures."""

import json
from pathlib import Path

import pytest
from torch import nn

from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.registry import PACKAGE
from detectors.training.measuring.release import Extras, multiply_adds, release
from detectors.training.measuring.spread import spread_of
from detectors.training.training import save_weights
from detectors.weights import SHIPPED, sha256_of
from tests.support.measured import measured_with

AT = {
    "calibration": {
        "id": "telltale-x",
        "method": "platt",
        "a": 0.7,
        "b": -0.4,
        "prior": 0.5,
        "fitted_on": "drawn faces",
        "fitted_at": "2026-11-21T00:00:00Z",
        "expires_at": "2027-11-21T00:00:00Z",
        "n_items": 10,
    },
    "thresholds": {
        "lower": {"at": 0.4, "false_alarms_at_most": 0.1, "reached_by": {"pictures": 0.09, "clips": 0.05}},
        "upper": {"at": 0.8, "false_alarms_at_most": 0.02, "reached_by": {"pictures": 0.02, "clips": 0.0}},
        "chosen_on": "drawn faces",
    },
}
FIGURES = measured_with(0.9) | AT


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "telltale.safetensors"
    save_weights(MobileNetV2(), path)
    return path


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "telltale.json"
    path.write_text((PACKAGE / "cards" / "telltale.json").read_text())
    return path


def test_the_card_tells_what_was_measured_on_the_shipped_file(weights: Path, card: Path, tmp_path: Path):
    (tmp_path / "shipped").mkdir()
    figures = FIGURES | {"weights_sha256": sha256_of(weights)}
    spread = spread_of({1: measured_with(0.8), 2: measured_with(0.9)}, "the spread")
    extras = Extras(version="2.0.0", seeds=[1, 2], spread=spread, tried=[{"name": "more", "why": "ranked worse"}])
    told = release(
        figures, weights, card=card, shipped=tmp_path / "shipped", command="the command --measure", extras=extras
    )
    assert told.weights[0].sha256 == sha256_of(tmp_path / "shipped" / "telltale.safetensors")
    assert told.figures[0].value == 0.9
    assert {figure.command for figure in told.figures} == {"the command --measure"}
    assert told.figures[-1].value == 1.1, "the cost comes last"
    assert (told.spec.version, told.seeds, told.tried[0].name) == ("2.0.0", (1, 2), "more")
    assert told.spread[0].values == {1: 0.8, 2: 0.9}
    assert told.calibration is not None
    assert told.thresholds is not None
    assert (told.calibration.a, told.thresholds.upper) == (0.7, 0.8)
    assert "at most 10% (lower; reached by 9.0% of the pictures, 5.0% of the clips)" in told.thresholds.chosen_by
    assert (told.cost.parameters, set(told.cost.ms_per_clip)) == (2_225_153, {1, 8, 32})
    assert told.cost.command == "the command --release"
    assert told.blind_spots == tuple(json.loads(card.read_text())["blind_spots"])


def test_figures_of_other_weights_are_refused(weights: Path, card: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="do not belong"):
        release(FIGURES | {"weights_sha256": "0" * 64}, weights, card=card, shipped=tmp_path, command="x")


def test_multiply_adds_are_counted_per_place():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, stride=2), nn.Flatten(), nn.Linear(4 * 8 * 8, 1))
    assert multiply_adds(network, 16) == 3 * 4 * 9 * 8 * 8 + 4 * 8 * 8


def test_the_shipped_file_stays_small():
    assert (SHIPPED / "telltale.safetensors").stat().st_size <= 15_000_000
