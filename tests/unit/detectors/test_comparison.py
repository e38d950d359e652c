"""Detectors are compared by equal names, each figure with its data, and a missing one is said to be missing."""

from itertools import combinations

import pytest

import detectors
from detectors.cards import DetectorCard, Figure
from detectors.comparison import NothingToCompare, compared
from tests.support.detectors import a_card


def carrying(name: str, *figures: Figure) -> DetectorCard:
    return a_card(name).model_copy(update={"figures": figures})


def test_only_figures_of_equal_names_are_laid_side_by_side():
    area = Figure(name="AUC", value=0.9, on="portraits", n_items=10, low=0.8, high=0.95, command="measure")
    other = Figure(name="AUC", value=0.7, on="clips", source="a paper")
    own = Figure(name="loss", value=0.3, on="clips", command="measure")
    aspects = compared([carrying("one", area, own), carrying("two", other), carrying("three")])
    (figure,) = [aspect for aspect in aspects if aspect.is_figure]
    assert figure.title == "AUC"
    assert figure.cells == (
        ("0.9 (0.8 to 0.95) on portraits, n = 10",),
        ("0.7 on clips; published, not repeated here",),
        ("not stated",),
    )


def test_a_figure_of_another_detector_is_not_taken_for_its_own():
    beside = Figure(name="AUC", value=0.2, on="clips", of="two", command="measure")
    area = Figure(name="AUC", value=0.9, on="clips", command="measure")
    aspects = compared([carrying("one", beside), carrying("two", area)])
    assert not [aspect for aspect in aspects if aspect.is_figure]


@pytest.mark.parametrize("pair", list(combinations(detectors.names(), 2)), ids="-".join)
def test_any_two_registered_detectors_can_be_compared(pair: tuple[str, str]):
    aspects = {aspect.title: aspect.cells for aspect in compared([detectors.card(name) for name in pair])}
    assert {"Looks for", "In verdicts", "Costs", "Licence of the weights"} <= set(aspects)
    assert all(line for cells in aspects.values() for lines in cells for line in lines)


@pytest.mark.parametrize("names", [[], ["one"], ["one", "one"]])
def test_one_alone_is_no_comparison(names: list[str]):
    with pytest.raises(NothingToCompare, match="two or more"):
        compared([a_card(name) for name in names])
