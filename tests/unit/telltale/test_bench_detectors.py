"""The cost of a detector is measured on the detector itself and lands in its card."""

import json
import shutil
from pathlib import Path

import pytest

import detectors
from detectors.cards import read_card
from detectors.registry import PACKAGE
from telltale.bench_detectors import BATCHES, Measured, _chosen, _table, _write_cost
from telltale.cost_measurement import measured


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured("mesonet", weights=tmp_path_factory.mktemp("none"), device="cpu", limit_s=60.0)


def test_parameters_and_multiply_adds_are_those_of_its_networks(cost: Measured):
    card = detectors.card("mesonet")
    assert cost.parameters == card.cost.parameters
    assert card.cost.multiply_adds
    assert cost.multiply_adds == pytest.approx(card.cost.multiply_adds, rel=0.05)


def test_every_batch_is_timed_and_weights_are_told_apart(cost: Measured):
    assert tuple(cost.ms_per_clip) == BATCHES
    assert all(ms > 0 for ms in cost.ms_per_clip.values())
    assert cost.untrained
    assert cost.load_s > 0


def test_a_batch_that_would_take_too_long_is_left_out(tmp_path: Path):
    quick = measured("mesonet", weights=tmp_path, device="cpu", limit_s=0.0)
    assert tuple(quick.ms_per_clip) == BATCHES[:1]
    assert quick.ms_per_face(BATCHES[-1]) is None
    assert _table([quick]).row_count == 1


def test_a_face_costs_its_share_of_a_clip(cost: Measured):
    of_seven = cost.model_copy(update={"clip_length": 7, "ms_per_clip": {1: 70.0}})
    assert of_seven.ms_per_face(1) == 10.0


def test_the_card_is_read_back_with_the_cost_and_nothing_else_changed(cost: Measured, tmp_path: Path):
    path = tmp_path / "mesonet.json"
    shutil.copy(PACKAGE / "cards" / "mesonet.json", path)
    before = json.loads(path.read_text())
    _write_cost(path, cost)
    card = read_card(path)
    assert card.cost.parameters == cost.parameters
    assert card.cost.command == "telltale bench detectors mesonet"
    assert {**json.loads(path.read_text()), "cost": before["cost"]} == before


def test_names_are_checked_before_anything_is_measured():
    assert _chosen("all") == _chosen(None) == detectors.names()
    assert _chosen("telltale, mesonet") == ["telltale", "mesonet"]
    with pytest.raises(detectors.UnknownDetector):
        _chosen("telltale,nobody")
