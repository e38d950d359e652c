"""Reviews stand beside verdicts: they are added and never lost, need what they claim, and become labels by consent."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from contracts.vocabulary import Verdict
from dashboard import item_queries, reviews
from dashboard.access import AccessDenied, Principal, Role
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.reviews import Basis, Outcome, Review, ReviewIncomplete
from tests.support.items import a_verdict, an_upload, media_id_for

ANNA = Principal("Anna", Role.ANALYST)
ITEM = media_id_for("clip.mp4")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    opened = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    ReadModelWriter(opened).apply([an_upload(), a_verdict(an_upload(), Verdict.SOME_EVIDENCE)])
    return opened


def a_review(outcome: Outcome = Outcome.MANIPULATED, **named) -> Review:
    return Review(**{"media_id": ITEM, "outcome": outcome, "reviewer": "Anna", **named})


def test_reviews_are_added_and_the_verdict_stays(engine: Engine):
    before = item_queries.item(engine, ITEM), item_queries.item_row(engine, ITEM)
    first = a_review(Outcome.CANNOT_TELL, reviewed_at_s=1.0, before_verdict=True)
    second = a_review(
        Outcome.AUTHENTIC, basis=(Basis.ORIGINAL_OBTAINED, Basis.OTHER), note="by phone", reviewed_at_s=2.0
    )
    for one in (second, first):
        reviews.add(engine, one, ANNA)
    assert reviews.reviews_of(engine, ITEM) == [first, second]
    assert (item_queries.item(engine, ITEM), item_queries.item_row(engine, ITEM)) == before
    assert reviews.reviewed_among(engine, [ITEM, "another"]) == {ITEM: Outcome.AUTHENTIC}
    assert reviews.reviewed_by_tab(engine) == {"some": 1}


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        (a_review(reviewer="  "), "Say who reviews"),
        (a_review(Outcome.AUTHENTIC), "Say what the authenticity rests on"),
        (a_review(basis=(Basis.OTHER,)), "Say in the note"),
        (a_review(note="x" * 4001), "longer than 4000"),
    ],
)
def test_a_review_that_lacks_something_is_refused_and_says_what(engine: Engine, unfit: Review, why: str):
    with pytest.raises(ReviewIncomplete, match=why):
        reviews.add(engine, unfit, ANNA)
    assert reviews.reviews_of(engine, ITEM) == []


def test_who_may_only_look_cannot_review(engine: Engine):
    with pytest.raises(AccessDenied):
        reviews.add(engine, a_review(), Principal("Guest", Role.VIEWER))
    assert reviews.reviews_of(engine, ITEM) == []


def test_labels_are_the_latest_conclusions_that_may_be_used(engine: Engine):
    reviews.add(engine, a_review(Outcome.MANIPULATED, for_evaluation=True, reviewed_at_s=1.0), ANNA)
    reviews.add(engine, a_review(Outcome.MISLEADING, for_evaluation=True, reviewed_at_s=2.0), ANNA)
    reviews.add(engine, a_review(Outcome.MANIPULATED, for_evaluation=False, reviewed_at_s=3.0), ANNA)
    (label,) = reviews.labels(engine)
    assert (label.path, label.label, label.media_id) == ("clip.mp4", "real", ITEM)
    reviews.add(engine, a_review(Outcome.CANNOT_TELL, for_evaluation=True, reviewed_at_s=4.0), ANNA)
    assert list(reviews.labels(engine)) == []
