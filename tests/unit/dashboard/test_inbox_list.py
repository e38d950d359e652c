"""The list of the inbox: every value is escaped, no estimate is drawn where there is none, empty says what to do."""

import pytest

from contracts.vocabulary import Lifecycle, Reason, Verdict
from dashboard import marks
from dashboard.inbox_list import empty_words, list_data, pulse_words, reason_line
from dashboard.item_counts import Counted
from dashboard.item_pages import Page
from dashboard.item_queries import Pulse, Question
from dashboard.look import STREAMLIT_FLAGS, VERDICT_MARKS
from dashboard.projection import ItemDocuments, Tab, row_of
from tests.support.items import a_probability, a_result, a_verdict, an_extraction, an_upload

NOBODY = dict.fromkeys(Tab, Counted(0))


def a_row(*messages):
    found = ItemDocuments(messages[0].media_id)
    for message in messages:
        found = found.with_message(message)
    row = row_of(found)
    assert row is not None
    return row


def drawn(*rows, question: Question | None = None, counts=None, newer: int = 0, **around: bool):
    page = Page(list(rows), **around)
    return list_data(question or Question(), page, counts or NOBODY, newer=newer, thumbnails={}, bucket_name="incoming")


def test_names_cannot_become_markup():
    row = a_row(an_upload('<img src=x onerror="alert(1)">.mp4'))
    html = drawn(row)["rows"][0]["html"]
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_an_item_without_an_estimate_has_no_bar():
    assert "tt-none" in drawn(a_row(an_upload()))["rows"][0]["html"]


def test_the_range_is_an_interval_and_never_a_point():
    html = marks.range_bar(0.5, 0.5)
    assert "width:3.0%" in html
    assert "left:97.0%;width:3.0%" in marks.range_bar(1.0, 1.0)
    assert "between 61 and 88 in 100" in marks.range_bar(0.61, 0.88)


def test_every_verdict_has_a_shape_and_a_colour_and_none_is_green():
    assert set(VERDICT_MARKS) == set(Verdict)
    assert len({mark.shape for mark in VERDICT_MARKS.values()}) == len(Verdict)
    for mark in VERDICT_MARKS.values():
        red, green, blue = (int(mark.colour[at : at + 2], 16) for at in (1, 3, 5))
        assert green < max(red, blue)


def test_a_first_look_says_how_far_it_is_and_an_untrained_detector_is_flagged():
    upload = an_upload()
    row = a_row(
        upload,
        a_verdict(
            upload,
            Verdict.SOME_EVIDENCE,
            lifecycle=Lifecycle.PROVISIONAL,
            reasons=[Reason.HEAVY_COMPRESSION],
            probability=a_probability(0.6),
            detectors=[a_result("a", untrained=True), a_result("b")],
        ),
    )
    assert reason_line(row) == "untrained weights · 2 of 2 detectors, may change · heavy compression"


def test_a_waiting_item_shows_its_life_cycle():
    upload = an_upload()
    assert "Analysing" in drawn(a_row(upload, an_extraction(upload)))["rows"][0]["html"]


@pytest.mark.parametrize(
    ("question", "has_any", "start"),
    [
        (Question(), False, "Nothing here yet."),
        (Question(text="x"), True, "No item matches."),
        (Question(tab=Tab.SOME_EVIDENCE), True, "Nothing under"),
        (Question(tab=Tab.SOME_EVIDENCE), False, "Nothing here yet."),
    ],
)
def test_an_empty_list_says_why(question: Question, has_any: bool, start: str):
    assert empty_words(question, has_any, "incoming")[0].startswith(start)
    assert empty_words(Question(), False, "incoming")[1] == (
        "Drop a file into the watched folder `incoming` or upload one."
    )


def test_new_items_are_offered_and_pages_are_linked():
    counts = {**NOBODY, Tab.INCONCLUSIVE: Counted(1_234)}
    data = drawn(a_row(an_upload()), counts=counts, newer=2, has_after=True)
    assert "2 new items — show" in data["note"]
    assert "1 of 1,234 items" in data["foot"]
    assert "Next" in data["foot"] and "Back" not in data["foot"]
    last = drawn(a_row(an_upload()), has_before=True)["foot"]
    assert "First page" in last and "Back" in last and "Next" not in last
    assert drawn(a_row(an_upload()))["foot"] == ""


def test_a_number_that_is_only_a_least_says_so():
    counts = {**NOBODY, Tab.SOME_EVIDENCE: Counted(200, or_more=True), Tab.INCONCLUSIVE: Counted(0, or_more=True)}
    tabs = drawn(a_row(an_upload()), question=Question(text="mp4"), counts=counts)["tabs"]
    assert "<i>200+</i>" in tabs and "At least 200 items" in tabs
    assert "<i>?</i>" in tabs and "At least 0" not in tabs
    assert 'data-tell="tab:none" title="0 items"' in tabs


def test_the_same_input_gives_the_same_bytes():
    row = a_row(an_upload())
    assert drawn(row) == drawn(row)


def test_commands_are_set_as_code_and_everything_else_is_escaped():
    assert marks.paragraph("Run `telltale doctor` & <wait>") == (
        "<p>Run <code>telltale doctor</code> &amp; &lt;wait&gt;</p>"
    )


def test_the_pulse_names_only_what_there_is():
    assert pulse_words(Pulse(items=1, waiting=0, failed=0, dead_letters=0)) == "1 item · 0 under way"
    assert pulse_words(Pulse(items=3, waiting=1, failed=1, dead_letters=2)) == (
        "3 items · 1 under way · 1 failed · 2 dead letters"
    )


def test_the_server_stays_on_this_machine_and_tells_nobody():
    assert "--server.address=127.0.0.1" in STREAMLIT_FLAGS
    assert "--browser.gatherUsageStats=false" in STREAMLIT_FLAGS
