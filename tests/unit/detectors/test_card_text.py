"""A card is told in full: nothing that it states is left out, and what nobody stated is said to be missing."""

import pytest

import detectors
from detectors.card_text import sections_of
from tests.support.detectors import a_card


def told(name: str) -> str:
    return "\n".join(line for section in sections_of(detectors.card(name)) for line in section.lines)


@pytest.mark.parametrize("name", detectors.names())
def test_every_fact_of_a_card_is_told(name: str):
    card, text = detectors.card(name), told(name)
    for fact in (*card.blind_spots, *card.not_for, *card.defects, *card.references, card.summary, card.spec.origin):
        assert fact in text
    for figure in card.figures:
        assert (figure.command or figure.source or "?") in text
    for file in card.weights:
        assert file.file in text
    assert card.licences.weights in text


@pytest.mark.parametrize("name", detectors.names())
def test_every_card_states_what_a_reader_must_know(name: str):
    card = detectors.card(name)
    assert card.blind_spots
    assert card.not_for
    assert card.training_data
    assert card.cost.parameters > 1000
    assert card.spec.looks_for
    assert card.licences.code
    assert card.licences.weights
    assert card.weights


def test_what_nobody_stated_is_said_to_be_missing():
    sections = {section.title: section.lines for section in sections_of(a_card())}
    assert sections["Measured"] == sections["Trained on"] == ("nothing stated",)
    assert "References" not in sections


@pytest.mark.parametrize("name", [name for name in detectors.names() if detectors.card(name).spec.members])
def test_every_member_has_a_weights_file_of_its_name(name: str):
    card = detectors.card(name)
    stored = {file.loaded_file: file.checkpoint for file in card.weights if not file.optional}
    assert set(stored) == {f"{member.name}.safetensors" for member in card.spec.members}
    for member in card.spec.members:
        checkpoint = stored[f"{member.name}.safetensors"]
        assert checkpoint is not None
        assert checkpoint.network == member.network
