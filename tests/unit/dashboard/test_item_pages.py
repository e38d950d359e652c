"""Pages of a list: each item once, forth and back alike, whatever comes in between; every filter, and its counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text

from contracts.vocabulary import DetectorStatus, MediaKind, Verdict
from dashboard import item_counts, item_lookups, reviews
from dashboard.access import local_operator
from dashboard.item_counts import Counted
from dashboard.item_pages import Page, page_at
from dashboard.item_question import Order, Question
from dashboard.projection import Tab
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.read_tables import item_detectors
from dashboard.reviews import Outcome, Review
from tests.support.items import NOON, a_probability, a_result, a_verdict, an_upload, some_media

VALUES = (0.9, None, 0.4, 0.4, None, 0.1, 0.4)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: Engine) -> ReadModelWriter:
    return ReadModelWriter(engine)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Items of many kinds that no test changes."""
    made = open_engine(f"sqlite:///{tmp_path_factory.mktemp('told') / 'read_model.sqlite'}")
    tell_many_kinds(ReadModelWriter(made), made)
    yield made
    made.dispose()


@pytest.fixture
def broad(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every filter left more items than are looked up."""
    monkeypatch.setattr(item_lookups, "MOST_LOOKED_UP", 0)


def tell_ties(writer: ReadModelWriter) -> int:
    """Items of which several came in the same second or are as likely; how many."""
    for number, value in enumerate(VALUES):
        upload = an_upload(f"{number}.mp4", at=NOON + timedelta(minutes=number // 3))
        writer.apply([upload, a_verdict(upload, probability=None if value is None else a_probability(value))])
    return len(VALUES)


def names(page: Page) -> list[str]:
    return [row["name"] for row in page.rows]


def walked(engine: Engine, question: Question, *, limit: int) -> list[Page]:
    found = [page_at(engine, question, limit=limit)]
    while after := found[-1].after(question.order):
        found.append(page_at(engine, question, after=after, limit=limit))
    return found


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_have_each_item_once_and_lead_back_the_same_way(
    engine: Engine, writer: ReadModelWriter, order: Order, limit: int
):
    number = tell_ties(writer)
    question = Question(order=order)
    forth = walked(engine, question, limit=limit)
    together = [name for page in forth for name in names(page)]
    assert together == names(page_at(engine, question, limit=100))
    assert len(set(together)) == number
    assert [page.has_before for page in forth] == [place > 0 for place in range(len(forth))]
    here = forth[-1]
    for earlier in reversed(forth[:-1]):
        here = page_at(engine, question, before=here.before(order), limit=limit)
        assert names(here) == names(earlier)
        assert here.has_after


@pytest.mark.parametrize("way", ["after", "before"])
def test_what_arrives_shifts_no_page_but_the_first(engine: Engine, writer: ReadModelWriter, way: str):
    tell_ties(writer)
    _, second, third, *_ = walked(engine, Question(), limit=2)
    place = {"after": second.after(Order.NEWEST)} if way == "after" else {"before": third.before(Order.NEWEST)}
    shown = third if way == "after" else second
    assert names(page_at(engine, Question(), limit=2, **place)) == names(shown)
    writer.apply([an_upload("late.mp4", at=NOON + timedelta(hours=1))])
    assert names(page_at(engine, Question(), limit=2, **place)) == names(shown)
    assert names(page_at(engine, Question(), limit=2))[0] == "late.mp4"


@pytest.mark.parametrize("word", ["x", "W10", "bnVsbA", "ü", "A" * 900])
def test_a_word_that_is_no_place_leads_to_the_first_page(engine: Engine, writer: ReadModelWriter, word: str):
    tell_ties(writer)
    first = names(page_at(engine, Question(), limit=2))
    assert names(page_at(engine, Question(), after=word, limit=2)) == first
    of_other_order = walked(engine, Question(order=Order.OLDEST), limit=2)[0].after(Order.OLDEST)
    assert names(page_at(engine, Question(), after=of_other_order, limit=2)) == first


def tell_many_kinds(writer: ReadModelWriter, engine: Engine) -> None:
    told = [
        ("desk/one.mp4", Verdict.LIKELY_MANIPULATED, MediaKind.VIDEO, ["telltale", "mesonet"]),
        ("desk/two.jpg", Verdict.SOME_EVIDENCE, MediaKind.IMAGE, ["mesonet"]),
        ("Desk/three.mp4", Verdict.SOME_EVIDENCE, MediaKind.VIDEO, ["telltale"]),
        ("wire/des%k.mp4", Verdict.INCONCLUSIVE, MediaKind.VIDEO, []),
    ]
    for day, (key, verdict, kind, scored) in enumerate(told):
        upload = an_upload(key, at=NOON + timedelta(days=day))
        silent = a_result("silent", status=DetectorStatus.NOT_APPLICABLE)
        results = [*(a_result(name, calibrated=0.5) for name in scored), silent]
        writer.apply([upload, a_verdict(upload, verdict, media=some_media(kind, name=key), detectors=results)])
    for key, name in (("desk/one.mp4", "Ada"), ("desk/two.jpg", "Ada"), ("desk/two.jpg", "Bo")):
        said = Review(media_id=an_upload(key).media_id, outcome=Outcome.CANNOT_TELL, reviewer=name)
        reviews.add(engine, said, local_operator())


FILTERS = (
    (Question(source="desk/"), {"one.mp4", "two.jpg"}),
    (Question(source="wire/des%"), {"des%k.mp4"}),
    (Question(source="incoming"), {"one.mp4", "two.jpg", "three.mp4", "des%k.mp4"}),
    (Question(source="zz"), set()),
    (Question(since_s=(NOON + timedelta(days=1)).timestamp()), {"two.jpg", "three.mp4", "des%k.mp4"}),
    (Question(before_s=(NOON + timedelta(days=1)).timestamp()), {"one.mp4"}),
    (Question(detector="telltale"), {"one.mp4", "three.mp4"}),
    (Question(detector="silent"), set()),
    (Question(reviewed=True), {"one.mp4", "two.jpg"}),
    (Question(reviewed=False), {"three.mp4", "des%k.mp4"}),
    (Question(reviewer="Bo"), {"two.jpg"}),
    (Question(reviewer="Ada", kind=MediaKind.IMAGE), {"two.jpg"}),
    (Question(detector="mesonet", source="desk/", text="one"), {"one.mp4"}),
    (Question(detector="telltale", tab=Tab.SOME_EVIDENCE), {"three.mp4"}),
)


@pytest.mark.parametrize(("question", "expected"), FILTERS)
@pytest.mark.parametrize("order", Order)
def test_every_filter_leaves_what_it_says(told: Engine, question: Question, expected: set[str], order: Order):
    assert set(names(page_at(told, replace(question, order=order)))) == expected


@pytest.mark.usefixtures("broad")
@pytest.mark.parametrize(("question", "expected"), FILTERS)
def test_a_filter_with_many_items_leaves_the_same(told: Engine, question: Question, expected: set[str]):
    assert set(names(page_at(told, question))) == expected


@pytest.mark.parametrize(("question", "expected"), FILTERS)
def test_counts_are_those_of_the_list(told: Engine, question: Question, expected: set[str]):
    exact = item_counts.tab_counts(told, question)
    if question.tab is None:
        assert sum(exact.values()) == len(expected)
    assert item_counts.counted(told, question) == {tab: Counted(number) for tab, number in exact.items()}


@pytest.mark.usefixtures("broad")
def test_of_a_broad_filter_the_newest_are_counted_and_the_number_says_so(told: Engine):
    counts = item_counts.counted(told, Question(text="des"), among_newest=2)
    assert counts[Tab.SOME_EVIDENCE] == Counted(1, or_more=True)
    assert (counts[Tab.SOME_EVIDENCE].words, counts[Tab.LIKELY_MANIPULATED].words) == ("1+", "?")
    everything = item_counts.counted(told, Question(text="des"), among_newest=5)
    assert everything[Tab.LIKELY_MANIPULATED] == Counted(1)


def test_a_later_verdict_replaces_who_scored(engine: Engine, writer: ReadModelWriter):
    upload = an_upload()
    writer.apply([upload, a_verdict(upload, seq=1, detectors=[a_result("telltale", calibrated=0.5)])])
    writer.apply([a_verdict(upload, seq=2, detectors=[a_result("mesonet", calibrated=0.5)])])
    assert page_at(engine, Question(detector="telltale")).rows == []
    assert len(page_at(engine, Question(detector="mesonet")).rows) == 1


def test_an_older_read_model_is_told_who_scored(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'read_model.sqlite'}"
    older = open_engine(url)
    tell_many_kinds(ReadModelWriter(older), older)
    with older.begin() as connection:
        connection.execute(delete(item_detectors))
        connection.execute(text("DROP TABLE item_detectors"))
    older.dispose()
    newer = open_engine(url)
    assert set(names(page_at(newer, Question(detector="mesonet")))) == {"one.mp4", "two.jpg"}
    newer.dispose()
