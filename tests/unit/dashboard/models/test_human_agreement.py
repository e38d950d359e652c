from pathlib import Path

import pytest
from sqlalchemy import Engine

from contracts.vocabulary import Verdict
from dashboard import reviews
from dashboard.access import Principal, Role
from dashboard.models.human_agreement import Pairs, Tally, against_verdicts, among_people
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.reviews import Outcome, Review
from tests.support.items import a_verdict, an_upload, media_id_for


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    opened = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    writer = ReadModelWriter(opened)
    for key, verdict in (("a.mp4", Verdict.LIKELY_MANIPULATED), ("b.mp4", Verdict.NO_EVIDENCE_FOUND)):
        writer.apply([an_upload(key), a_verdict(an_upload(key), verdict)])
    writer.apply([an_upload("waits.mp4")])
    return opened


def say(engine: Engine, key: str, reviewer: str, outcome: Outcome, at_s: float, *, before: bool = False) -> None:
    review = Review(
        media_id=media_id_for(key), outcome=outcome, reviewer=reviewer, reviewed_at_s=at_s, before_verdict=before
    )
    reviews.add(engine, review, Principal(reviewer, Role.ANALYST))


def test_the_last_word_of_each_person_is_held_against_the_verdict(engine: Engine):
    say(engine, "a.mp4", "Anna", Outcome.CANNOT_TELL, 1.0, before=True)
    say(engine, "a.mp4", "Anna", Outcome.MANIPULATED, 2.0, before=True)
    say(engine, "a.mp4", "Ben", Outcome.MANIPULATED, 3.0, before=True)
    say(engine, "b.mp4", "Ben", Outcome.MANIPULATED, 4.0)
    say(engine, "waits.mp4", "Ben", Outcome.CANNOT_TELL, 5.0)
    found = {(one.outcome, one.verdict, one.before_verdict, one.count) for one in against_verdicts(engine)}
    assert found == {
        (Outcome.MANIPULATED, Verdict.LIKELY_MANIPULATED, True, 2),
        (Outcome.MANIPULATED, Verdict.NO_EVIDENCE_FOUND, False, 1),
    }


def test_people_are_held_against_each_other_item_by_item(engine: Engine):
    say(engine, "a.mp4", "Anna", Outcome.MANIPULATED, 1.0)
    say(engine, "a.mp4", "Ben", Outcome.CANNOT_TELL, 2.0)
    say(engine, "a.mp4", "Ben", Outcome.MANIPULATED, 3.0)
    say(engine, "a.mp4", "Cleo", Outcome.MISLEADING, 4.0)
    say(engine, "b.mp4", "Cleo", Outcome.MISLEADING, 5.0)
    assert among_people(engine) == Pairs(count=3, alike=1)


def test_nothing_is_counted_where_nobody_has_spoken(engine: Engine):
    none: list[Tally] = []
    assert against_verdicts(engine) == none
    assert among_people(engine) == Pairs(count=0, alike=0)
