"""Figures stand under what they are of, beside their commands, and never beside those of other data unsaid."""

from typing import Any

import pytest

import detectors
from detectors.card_figures import (
    PUBLISHED,
    REFERENCE,
    TITLES,
    calibration_table,
    figure_table,
    interval_words,
    measured_tables,
)
from detectors.cards import DetectorCard, Figure
from tests.support.detectors import a_card


def a_figure(value: float = 0.5, **changes: Any) -> Figure:
    return Figure.model_validate({"name": "rate", "value": value, "on": "clips", "command": "measure"} | changes)


def with_figures(*figures: Figure) -> DetectorCard:
    return a_card().model_copy(update={"figures": figures})


def test_figures_are_grouped_and_those_of_others_stand_last():
    published = a_figure(command=None, source="a paper", group="unseen_people")
    card = with_figures(published, a_figure(group="generated_clips"), a_figure(group="unseen_people"))
    titles = [table.title for table in measured_tables(card)]
    assert titles == [TITLES["unseen_people"], TITLES["generated_clips"], PUBLISHED]


def test_neighbours_measured_on_the_same_data_share_a_block_and_every_row_points_to_its_origin():
    figures = [a_figure(0.1), a_figure(0.2, command="other"), a_figure(0.3, on="pictures")]
    table = figure_table("some", figures)
    assert [(block.on, [row.value for row in block.rows]) for block in table.blocks] == [
        ("clips", ["0.1", "0.2"]),
        ("pictures", ["0.3"]),
    ]
    assert [table.origins[row.origin - 1].text for block in table.blocks for row in block.rows] == [
        "measure",
        "other",
        "measure",
    ]


def test_the_reference_stands_beside_genuine_clips_with_its_own_data_named():
    reference = detectors.card(REFERENCE)
    (table,) = measured_tables(with_figures(a_figure(group="genuine_clips")), beside=reference)
    assert [block.rows[0].name for block in table.blocks][1].startswith("mesonet: ")
    assert "from the card of MesoNet" in table.blocks[1].on


def test_figures_of_the_reference_on_the_same_clips_take_the_place_of_its_card():
    card = with_figures(a_figure(group="genuine_clips"), a_figure(0.2, group="genuine_clips", of=REFERENCE))
    (table,) = measured_tables(card, beside=detectors.card(REFERENCE))
    assert [[row.name for row in block.rows] for block in table.blocks] == [["rate", "mesonet: rate"]]


def test_the_reference_is_not_put_beside_itself_nor_beside_nothing():
    reference = detectors.card(REFERENCE)
    assert measured_tables(reference, beside=reference) == measured_tables(reference)
    assert measured_tables(a_card(), beside=reference) == ()


def test_a_calibration_has_its_figures_before_and_after():
    card = with_figures(a_figure(0.4, name="Brier score", group="calibration", before=0.6))
    table = calibration_table(card)
    assert table is not None
    assert table.has_before
    (row,) = table.blocks[0].rows
    assert (row.before, row.value) == ("0.6", "0.4")
    assert measured_tables(card) == ()
    assert calibration_table(a_card()) is None


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.25, "0.1 to 0.25"), (None, 0.283, "up to 0.283"), (0.9, None, "from 0.9"), (None, None, "")],
)
def test_a_bound_of_one_side_is_told_as_one(low: float | None, high: float | None, words: str):
    assert interval_words(low, high) == words
