"""Completeness is counted from announcements and answers, whatever their order and repetition."""

from contracts.messages import Problem
from contracts.vocabulary import DetectorStatus, Reason
from stream_processors.completeness import answered_batches, completeness_of
from tests.support.cases import a_score, an_extraction


def test_an_item_is_complete_when_extraction_ended_and_every_batch_is_answered():
    extracted = an_extraction(batches={"alpha": 2, "beta": 1})
    answered = {"alpha": 2, "beta": 1}
    assert completeness_of(extracted, answered).complete
    assert completeness_of(extracted, {"alpha": 1, "beta": 1}).pending == {"alpha": 1}


def test_answers_alone_do_not_complete_an_item_that_is_still_extracted():
    extracted = an_extraction(complete=False, batches={"alpha": 1})
    progress = completeness_of(extracted, {"alpha": 1})
    assert not progress.pending
    assert not progress.complete


def test_a_repeated_answer_counts_once_and_a_failure_is_an_answer():
    scores = [a_score([0.5], chunk=0), a_score([0.5], chunk=0), a_score(chunk=1, status=DetectorStatus.FAILED)]
    assert answered_batches(scores) == {"alpha": 2}


def test_a_detector_that_does_not_apply_owes_nothing():
    small = Problem(reason=Reason.FACE_TOO_SMALL, detail="20 px")
    extracted = an_extraction(batches={"alpha": 1, "beta": 3}, not_applicable={"beta": small})
    assert completeness_of(extracted, {"alpha": 1}).complete


def test_an_item_without_clips_is_complete_at_once():
    assert completeness_of(an_extraction(batches={}), {}).complete
