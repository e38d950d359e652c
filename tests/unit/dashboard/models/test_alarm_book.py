"""An alarm begins once, goes on, ends, and is acknowledged once, on the audit chain; a watch sees to it by itself."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from contracts.vocabulary import Verdict
from dashboard import reviews
from dashboard.access import AccessDenied, Principal, Role
from dashboard.custody.checks import chain_report
from dashboard.custody.log import bodies_of
from dashboard.models.alarm_book import KEPT_S, AlarmBook, NoSuchAlarm, NoteTooLong
from dashboard.models.drift_alarms import Alarm, Raised
from dashboard.models.drift_watch import DriftWatch
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.reviews import Outcome, Review
from tests.support.children import wait_until
from tests.support.items import NOON, a_result, a_verdict, an_upload

ANNA = Principal("Anna", Role.ANALYST)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")


def an_alarm(subject: str = "telltale", *, stability: float = 0.4, alarm: Alarm = Alarm.SHIFTED) -> Raised:
    return Raised(subject=subject, alarm=alarm, figures={"now": 250.0, "before": 250.0, "stability": stability})


def test_an_alarm_begins_once_goes_on_and_ends(engine: Engine):
    book = AlarmBook(engine)
    book.update([an_alarm(), an_alarm("mesonet")], now_s=10.0)
    book.update([an_alarm(stability=0.7)], now_s=20.0)
    holds, ended = book.alarms()
    assert (holds.raised, holds.began_at_s, holds.seen_at_s, holds.ended_at_s) == (
        an_alarm(stability=0.7), 10.0, 20.0, None,
    )  # fmt: skip
    assert (ended.raised.subject, ended.ended_at_s, ended.waits) == ("mesonet", 20.0, False)
    book.update([an_alarm(), an_alarm("mesonet")], now_s=30.0)
    assert [one.began_at_s for one in book.alarms(only_open=True)] == [30.0, 10.0], "it may begin anew"
    assert len(book.alarms()) == 3
    book.update([], now_s=30.0 + KEPT_S)
    book.update([], now_s=31.0 + 2 * KEPT_S)
    assert book.alarms() == []


def test_who_acknowledges_first_stands_and_is_on_the_chain(engine: Engine):
    book = AlarmBook(engine)
    book.update([an_alarm()], now_s=10.0)
    (alarm,) = book.alarms()
    assert alarm.waits
    seen = book.acknowledge(alarm.alarm_id, ANNA, note=" new camera ", now_s=15.0)
    assert (seen.acknowledged_by, seen.acknowledged_at_s, seen.note, seen.waits) == ("Anna", 15.0, "new camera", False)
    assert book.acknowledge(alarm.alarm_id, Principal("Ben", Role.OPERATOR)) == seen
    book.update([an_alarm()], now_s=20.0)
    assert book.alarms()[0].acknowledged_by == "Anna"
    with engine.connect() as connection:
        (body,) = bodies_of(connection, alarm.alarm_id).values()
        report = chain_report(connection, [])
    assert body is not None
    assert body.content["acknowledged_by"] == "Anna"
    assert "new camera" not in str(body.content)
    assert (report.records, report.flaws) == (1, [])


def test_who_may_not_and_what_does_not_fit_is_refused(engine: Engine):
    book = AlarmBook(engine)
    book.update([an_alarm()], now_s=10.0)
    (alarm,) = book.alarms()
    with pytest.raises(AccessDenied):
        book.acknowledge(alarm.alarm_id, Principal("Vera", Role.VIEWER))
    with pytest.raises(NoSuchAlarm):
        book.acknowledge("f" * 32, ANNA)
    with pytest.raises(NoteTooLong):
        book.acknowledge(alarm.alarm_id, ANNA, note="x" * 1001)
    assert book.alarms()[0].waits


def fill(engine: Engine, scores: np.ndarray, *, since: int = 0) -> None:
    told = []
    for at, score in enumerate(scores, start=since):
        upload = an_upload(f"clip{at}.mp4", at=NOON + timedelta(minutes=at))
        told += [upload, a_verdict(upload, Verdict.LIKELY_MANIPULATED, detectors=[a_result(calibrated=float(score))])]
    ReadModelWriter(engine).apply(told)


def test_a_watch_compares_the_newest_half_and_looks_only_where_something_changed(engine: Engine):
    watch, rng = DriftWatch(engine), np.random.default_rng(5)
    assert not watch.look(now_s=1.0), "nothing is there"
    fill(engine, rng.beta(2, 5, 40))
    assert not watch.look(now_s=2.0), "twenty on a side are too few"
    fill(engine, rng.beta(9, 2, 40), since=40)
    assert watch.look(now_s=3.0)
    assert [one.raised.alarm for one in AlarmBook(engine).alarms()] == [Alarm.SHIFTED]
    assert not watch.look(now_s=4.0), "nothing is new"
    for at in range(12):
        item = an_upload(f"clip{79 - at}.mp4", at=NOON + timedelta(minutes=79 - at)).media_id
        reviews.add(engine, Review(media_id=item, outcome=Outcome.MISLEADING, reviewer="Anna"), ANNA)
    assert watch.look(now_s=5.0), "a review is news"
    assert {one.raised.alarm for one in AlarmBook(engine).alarms(only_open=True)} == {Alarm.SHIFTED, Alarm.OVERTURNED}
    fill(engine, np.concatenate([rng.beta(2, 5, 40), rng.beta(9, 2, 40)]), since=80)
    assert watch.look(now_s=6.0)
    shifted = next(one for one in AlarmBook(engine).alarms() if one.raised.alarm is Alarm.SHIFTED)
    assert shifted.ended_at_s == 6.0


def test_a_watch_looks_by_itself(engine: Engine):
    rng = np.random.default_rng(6)
    fill(engine, np.concatenate([rng.beta(2, 5, 40), rng.beta(9, 2, 40)]))
    with DriftWatch(engine, every_s=0.01):
        wait_until(lambda: bool(AlarmBook(engine).alarms()))
