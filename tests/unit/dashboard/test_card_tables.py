"""Tables of cards name every column in every cell, and what a card says is text, never markup."""

from dashboard import card_tables
from detectors.card_figures import figure_table
from detectors.cards import Figure
from detectors.comparison import Aspect


def test_every_cell_carries_the_name_of_its_column():
    drawn = card_tables.labelled(("Name", "Here"), [("one", "can run")], caption="All")
    assert '<td data-label="Name">one</td><td data-label="Here">can run</td>' in drawn


def test_figures_show_value_interval_items_and_where_they_come_from():
    figure = Figure(name="AUC", value=0.9, low=0.8, high=0.95, n_items=12, on="<clips>", command="measure")
    drawn = card_tables.figures(figure_table("Clips", [figure]))
    for part in ("&lt;clips&gt;", ">0.9</td>", ">0.8 to 0.95</td>", ">12</td>", ">[1]</td>"):
        assert part in drawn
    assert "Before" not in drawn


def test_a_calibration_has_two_columns_of_values():
    figure = Figure(name="Brier score", value=0.2, before=0.4, on="clips", command="measure", note="<b>")
    drawn = card_tables.figures(figure_table("Calibration", [figure]))
    assert '<td data-label="Before">0.4</td><td data-label="After">0.2</td>' in drawn
    assert "&lt;b&gt;" in drawn


def test_detectors_stand_in_columns_and_their_words_are_escaped():
    drawn = card_tables.side_by_side(["One", "Two"], [Aspect("Costs", (("<i>",), ("b", "c")))])
    assert '<td data-label="One"><p>&lt;i&gt;</p></td><td data-label="Two"><p>b</p><p>c</p></td>' in drawn
