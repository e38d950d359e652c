"""The state of an item follows from what was said of it, in whatever order that arrived."""

from datetime import timedelta
from itertools import permutations

import pytest

from contracts.vocabulary import Lifecycle, Stage, Verdict
from dashboard.projection import ItemDocuments, Tab, name_of, row_of, tab_of
from tests.support.items import NOON, a_dead_letter, a_probability, a_verdict, an_extraction, an_upload

UPLOAD = an_upload("desk/clip.mp4")


def documents_of(*messages) -> ItemDocuments:
    found = ItemDocuments(UPLOAD.media_id)
    for message in messages:
        found = found.with_message(message)
    return found


def test_an_item_goes_from_received_over_analysing_to_its_verdicts():
    first_look = a_verdict(UPLOAD, lifecycle=Lifecycle.PROVISIONAL, seq=1)
    steps = [UPLOAD, an_extraction(UPLOAD), first_look, a_verdict(UPLOAD, seq=2)]
    seen = [documents_of(*steps[: count + 1]).lifecycle for count in range(4)]
    assert seen == [Lifecycle.RECEIVED, Lifecycle.ANALYSING, Lifecycle.PROVISIONAL, Lifecycle.FINAL]


def test_the_order_of_arrival_changes_nothing():
    messages = [
        UPLOAD,
        an_extraction(UPLOAD, chunks=1),
        an_extraction(UPLOAD, chunks=2, complete=True),
        a_verdict(UPLOAD, lifecycle=Lifecycle.PROVISIONAL, seq=1),
        a_verdict(UPLOAD, Verdict.NO_EVIDENCE_FOUND, seq=2),
    ]
    rows = [row_of(documents_of(*order)) for order in permutations(messages)]
    assert all(row == rows[0] for row in rows)
    assert rows[0] is not None
    assert rows[0]["tab"] == Tab.NO_EVIDENCE_FOUND


def test_a_late_older_verdict_never_overwrites_a_newer_one():
    newer = a_verdict(UPLOAD, Verdict.LIKELY_MANIPULATED, seq=3)
    found = documents_of(UPLOAD, newer, a_verdict(UPLOAD, Verdict.INCONCLUSIVE, seq=2))
    assert found.verdict == newer


def test_a_repeated_message_changes_nothing():
    before = documents_of(UPLOAD, an_extraction(UPLOAD), a_verdict(UPLOAD), a_dead_letter(UPLOAD))
    for message in (UPLOAD, an_extraction(UPLOAD), a_verdict(UPLOAD), a_dead_letter(UPLOAD)):
        assert before.with_message(message) == before


def test_a_dead_letter_fails_an_item_that_never_got_a_final_verdict():
    for known in ([UPLOAD], [UPLOAD, an_extraction(UPLOAD)]):
        assert documents_of(*known, a_dead_letter(UPLOAD)).lifecycle is Lifecycle.FAILED
    row = row_of(documents_of(UPLOAD, a_dead_letter(UPLOAD)))
    assert row is not None
    assert (row["tab"], row["reason"], row["value"]) == (Tab.NOT_ASSESSED, "decode_error", None)


@pytest.mark.parametrize("lifecycle", [Lifecycle.FINAL, Lifecycle.SUPERSEDED])
def test_a_dead_letter_does_not_touch_a_finished_item(lifecycle: Lifecycle):
    assert documents_of(UPLOAD, a_verdict(UPLOAD, lifecycle=lifecycle), a_dead_letter(UPLOAD)).lifecycle is lifecycle


def test_news_after_the_dead_letter_bring_an_item_back():
    letter = a_dead_letter(UPLOAD, at=NOON + timedelta(seconds=5))
    later = an_extraction(UPLOAD, at=NOON + timedelta(seconds=9))
    assert documents_of(UPLOAD, letter, later).lifecycle is Lifecycle.ANALYSING


def test_what_the_projector_could_not_read_fails_nothing():
    assert documents_of(UPLOAD, a_dead_letter(UPLOAD, stage=Stage.PROJECT)).lifecycle is Lifecycle.RECEIVED


def test_an_unfinished_item_is_in_progress_whatever_its_first_look_says():
    assert tab_of(Lifecycle.PROVISIONAL, Verdict.LIKELY_MANIPULATED) is Tab.IN_PROGRESS
    assert tab_of(Lifecycle.RECEIVED, None) is Tab.IN_PROGRESS


def test_a_row_needs_the_upload_and_takes_it_from_any_message_that_has_it():
    assert row_of(documents_of(a_dead_letter(UPLOAD))) is None
    row = row_of(documents_of(a_verdict(UPLOAD, probability=a_probability(0.9))))
    assert row is not None
    assert (row["name"], row["value"]) == ("clip.mp4", 0.9)


def test_a_name_is_the_last_part_of_the_key():
    assert name_of("a/b/c d+ü.mp4") == "c d+ü.mp4"
