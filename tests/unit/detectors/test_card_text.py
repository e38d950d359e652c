"""A card is told in full: nothing that it states is left out, and what nobody stated is said to be missing."""

import pytest

import detectors
from detectors.card_figures import FigureTable
from detectors.card_text import sections_of
from detectors.cards import Figure, Spread, TrainingData, Tried
from tests.support.detectors import a_card


def told(name: str) -> str:
    sections = sections_of(detectors.card(name))
    lines = [line for section in sections for line in section.lines]
    return "\n".join([*lines, *(_words_of(table) for section in sections for table in section.tables)])


def _words_of(table: FigureTable) -> str:
    rows = [f"{block.on}: {row.name} {row.value} {row.interval}" for block in table.blocks for row in block.rows]
    return "\n".join([*rows, *(origin.text for origin in table.origins)])


@pytest.mark.parametrize("name", detectors.names())
def test_every_fact_of_a_card_is_told(name: str):
    card, text = detectors.card(name), told(name)
    for fact in (*card.blind_spots, *card.not_for, *card.defects, *card.references, card.summary, card.spec.origin):
        assert fact in text
    for figure in card.figures:
        assert (figure.command or figure.source or "?") in text
        of = f"{figure.of}: " if figure.of else ""
        assert f"{figure.on}: {of}{figure.name} {figure.value:g}" in text
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
    assert sections["Calibration"] == ("not calibrated: it is shown and has no say",)
    assert {"References", "Thresholds", "Tried and dropped", "Seeds and spread"}.isdisjoint(sections)


def test_counts_and_licence_of_training_data_are_told():
    data = TrainingData(name="faces", description="Drawn faces.", licence="CC0", n_items=12, n_identities=3)
    sections = {
        section.title: section for section in sections_of(a_card().model_copy(update={"training_data": (data,)}))
    }
    assert sections["Trained on"].lines == ("faces (12 items, 3 people): Drawn faces; licence: CC0",)


def test_seeds_spread_and_what_was_dropped_are_told():
    figure = Figure(name="AUC", value=0.7, on="pairs", command="measure")
    changes = {
        "seeds": (1, 2),
        "spread": (Spread(name="AUC", on="pairs", values={2: 0.9, 1: 0.8}, command="measure"),),
        "tried": (Tried(name="rerender", why="no gain", figures=(figure,)), Tried(name="mixup", why="slower")),
    }
    sections = {section.title: section for section in sections_of(a_card().model_copy(update=changes))}
    assert sections["Seeds and spread"].lines == ("Seeds of the runs: 1, 2",)
    (row,) = sections["Seeds and spread"].tables[0].blocks[0].rows
    assert (row.value, row.n_items, row.note) == ("0.8 to 0.9", "2 seeds", "seed 1: 0.8, seed 2: 0.9")
    assert sections["Tried and dropped"].lines == ("rerender: no gain", "mixup: slower")
    assert [table.title for table in sections["Tried and dropped"].tables] == ["rerender"]


def test_a_calibration_says_how_on_what_when_and_until_when():
    fit = detectors.card("mesonet").calibration
    assert fit is not None
    text = " ".join(
        next(section for section in sections_of(detectors.card("mesonet")) if section.title == "Calibration").lines
    )
    for fact in ("Platt", f"{fit.n_items} items", fit.fitted_on, f"{fit.expires_at:%Y-%m-%d}", f"a = {fit.a:g}"):
        assert fact in text


@pytest.mark.parametrize("name", [name for name in detectors.names() if detectors.card(name).spec.members])
def test_every_member_has_a_weights_file_of_its_name(name: str):
    card = detectors.card(name)
    stored = {file.loaded_file: file.checkpoint for file in card.weights if not file.optional}
    assert set(stored) == {f"{member.name}.safetensors" for member in card.spec.members}
    for member in card.spec.members:
        checkpoint = stored[f"{member.name}.safetensors"]
        assert checkpoint is not None
        assert checkpoint.network == member.network
