"""A card says where each of its numbers comes from, or it is not a card."""

import pytest
from pydantic import ValidationError

from detectors.cards import Figure, WeightsFile, read_card
from detectors.registry import REGISTRY
from tests.support.detectors import a_card, a_spec

PIN = {"file": "a.bin", "sha256": "0" * 64, "bytes": 3}


@pytest.mark.parametrize("origin", [{}, {"command": "x", "source": "y"}])
def test_a_figure_names_its_command_or_its_source(origin: dict):
    with pytest.raises(ValidationError, match="one of the two"):
        Figure(name="AUC", value=0.9, on="something", **origin)


@pytest.mark.parametrize("change", [{"sha256": "abc"}, {"file": "../a.bin"}, {"file": "/a.bin"}, {"bytes": 0}])
def test_weights_are_pinned_and_stay_in_their_folder(change: dict):
    WeightsFile.model_validate(PIN)
    with pytest.raises(ValidationError):
        WeightsFile.model_validate(PIN | change)


def test_a_demand_is_made_out_to_its_detector():
    with pytest.raises(ValidationError, match="made out to"):
        a_spec("one").model_validate(a_spec("one").model_dump() | {"name": "other"})


def test_a_card_survives_its_file(tmp_path):
    (tmp_path / "card.json").write_text(a_card().model_dump_json())
    assert read_card(tmp_path / "card.json") == a_card()


@pytest.mark.parametrize("name", REGISTRY.names())
def test_cards_that_ship_are_honest_about_limits(name: str):
    card = REGISTRY.card(name)
    assert card.blind_spots
    assert card.not_for
    assert card.lifecycle_reason
    assert card.calibration is None or card.calibration.n_items >= 50
