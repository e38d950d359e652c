"""What people read: every word has one, no word promises, and no number is shown where none was measured."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import Problem
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Verdict
from dashboard import wording
from tests.support.items import a_probability, a_result, a_track, a_verdict, an_upload, some_media

PROMISES = re.compile(r"\b(fake|real|authentic|safe|confirmed)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (wording.VERDICT_WORDS, Verdict),
        (wording.LIFECYCLE_WORDS, Lifecycle),
        (wording.LIFECYCLE_SENTENCES, Lifecycle),
        (wording.REASON_WORDS, Reason),
        (wording.DETECTOR_STATUS_WORDS, DetectorStatus),
    ],
)
def test_every_word_of_the_vocabulary_has_words_for_people(words, known):
    assert set(words) == set(known)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_says_what_happened_what_it_means_and_what_to_do(reason: Reason):
    words = wording.REASON_WORDS[reason]
    assert all(part.endswith(".") for part in (words.happened, words.means, words.do))
    assert words.advice == f"{words.happened} {words.means} {words.do}"


@pytest.mark.parametrize("lifecycle", [Lifecycle.PROVISIONAL, Lifecycle.FINAL, Lifecycle.SUPERSEDED, Lifecycle.FAILED])
@pytest.mark.parametrize("reason", [None, *Reason])
@pytest.mark.parametrize("verdict", Verdict)
def test_no_sentence_promises_or_invents_a_number(verdict: Verdict, reason: Reason | None, lifecycle: Lifecycle):
    has_odds = verdict in (Verdict.LIKELY_MANIPULATED, Verdict.SOME_EVIDENCE)
    said = wording.sentence(
        a_verdict(
            an_upload(),
            verdict,
            lifecycle=lifecycle,
            reasons=[reason] if reason else [],
            probability=a_probability(0.9) if has_odds else None,
        )
    )
    assert not PROMISES.search(said)
    assert not PROMISES.search(wording.headline(verdict, [reason] if reason else []))
    assert "50" not in said or has_odds
    assert said.endswith(".")


def test_strong_evidence_names_the_person_the_time_and_the_odds():
    said = wording.sentence(
        a_verdict(
            an_upload(),
            probability=a_probability(0.96, low=0.9, high=0.99),
            tracks=[
                a_track(0, probability=a_probability(0.2)),
                a_track(1, start=12, end=31, probability=a_probability(0.9)),
            ],
            detectors=[a_result("a"), a_result("b"), a_result("c", calibrated=0.2)],
        )
    )
    assert said == (
        "Strong evidence that the face of Person 2 was manipulated between 00:12 and 00:31. "
        "2 of 3 applicable detectors agree. Of 100 files with this evidence, about 96 (between 90 and 99) would be "
        "manipulated, if 50 in 100 of all such files were."
    )


def test_a_picture_has_no_times():
    said = wording.sentence(
        a_verdict(
            an_upload(),
            tracks=[a_track(probability=a_probability(0.9))],
            media=some_media(MediaKind.IMAGE),
            probability=a_probability(0.9),
        )
    )
    assert said.startswith("Strong evidence that the face was manipulated. It rests on one detector, telltale.")


def test_nothing_found_does_not_vouch_for_anything():
    said = wording.sentence(a_verdict(an_upload(), Verdict.NO_EVIDENCE_FOUND, probability=a_probability(0.05)))
    assert "was found by 1 detector." in said
    assert "does not vouch for the video" in said


def test_only_detectors_with_a_say_are_said_to_have_found_or_agreed():
    shown_only = a_result("raw").model_copy(update={"calibrated": None, "weight": None})
    wild = a_result("wild", untrained=True).model_copy(update={"calibrated": None, "weight": None})
    away = a_result("away", status=DetectorStatus.UNAVAILABLE)
    nothing = a_verdict(an_upload(), Verdict.NO_EVIDENCE_FOUND, detectors=[a_result(), shown_only, wild])
    assert "was found by 1 detector." in wording.sentence(nothing)
    one = a_verdict(an_upload(), probability=a_probability(0.9), detectors=[a_result(), shown_only, wild])
    assert "It rests on one detector, telltale." in wording.sentence(one)
    two = a_verdict(
        an_upload(), probability=a_probability(0.9), detectors=[a_result("a"), a_result("b"), shown_only, wild, away]
    )
    assert "2 of 3 applicable detectors agree." in wording.sentence(two)


def test_an_inconclusive_item_says_why_with_its_measured_numbers_and_what_to_try():
    said = wording.sentence(
        a_verdict(
            an_upload(),
            Verdict.INCONCLUSIVE,
            reasons=[Reason.FACE_TOO_SMALL],
            problems=[Problem(reason=Reason.FACE_TOO_SMALL, detail="The largest face is 41 px high (needed: 80)")],
        )
    )
    assert said == (
        "We cannot make a call: the largest face is 41 px high (needed: 80). "
        "Try the original file rather than a messenger or screen copy."
    )


def test_a_first_look_counts_the_detectors_that_have_finished():
    pending = [a_result(name, status=DetectorStatus.PENDING) for name in "cde"]
    said = wording.sentence(
        a_verdict(
            an_upload(),
            Verdict.SOME_EVIDENCE,
            lifecycle=Lifecycle.PROVISIONAL,
            detectors=[a_result("a"), a_result("b"), *pending],
        )
    )
    assert said.startswith("First look, 2 of 5 detectors finished. May change.")


def test_untrained_weights_are_named():
    detectors = [a_result("fine"), a_result("wild", untrained=True).model_copy(update={"weight": None})]
    said = wording.sentence(a_verdict(an_upload(), detectors=detectors))
    assert said.endswith("Untrained weights (wild): these numbers say nothing about the media and are not counted.")
    assert wording.untrained(detectors[:1]) == ""


def test_untrained_weights_that_were_counted_are_not_called_uncounted():
    assert wording.untrained([a_result("wild", untrained=True)]).endswith("say nothing about the media.")


@given(st.floats(0, 1))
def test_a_frequency_is_never_nothing_and_never_everything(share: float):
    assert 1 <= wording.out_of_100(share) <= 99
    assert wording.frequency(share) == f"about {wording.out_of_100(share)} in 100"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00"), (12.9, "00:12"), (31, "00:31"), (3599.9, "59:59"), (3600, "1:00:00"), (-1, "00:00")],
)
def test_clock(seconds: float, shown: str):
    assert wording.clock(seconds) == shown


def test_the_reason_is_part_of_the_headline_only_where_the_verdict_needs_it():
    reasons = [Reason.NO_FACE]
    assert wording.headline(Verdict.NOT_ASSESSED, reasons) == "Not assessed — no face found"
    assert wording.headline(Verdict.LIKELY_MANIPULATED, reasons) == "Likely manipulated — strong evidence found"


def test_acronyms_keep_their_letters_after_a_colon():
    problem = Problem(reason=Reason.DECODE_ERROR, detail="MP4 box is cut off")
    said = wording.sentence(
        a_verdict(an_upload(), Verdict.NOT_ASSESSED, reasons=[Reason.DECODE_ERROR], problems=[problem])
    )
    assert said.startswith("Not assessed: MP4 box is cut off.")
