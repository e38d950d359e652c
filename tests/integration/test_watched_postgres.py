"""Health reports and alarms of drift on a real PostgreSQL: kept as on SQLite, by several writers at a time."""

import threading

import pytest
from sqlalchemy import Engine

from dashboard.access import Principal, Role
from dashboard.models.alarm_book import AlarmBook
from dashboard.models.drift_alarms import Alarm, Raised
from dashboard.operations.health_reports import Entry, Finding, Kind, Report, keep, reports
from telltale.health_facts import clock_checks

pytestmark = pytest.mark.postgres
SHIFTED = Raised(subject="telltale", alarm=Alarm.SHIFTED, figures={"now": 250.0, "before": 250.0, "stability": 0.4})


def test_several_projectors_begin_an_alarm_once_and_one_person_acknowledges_it(engine: Engine):
    books = [AlarmBook(engine) for _ in range(4)]
    together([lambda book=book: book.update([SHIFTED], now_s=10.0) for book in books])
    (alarm,) = books[0].alarms()
    people = [Principal(f"person {number}", Role.ANALYST) for number in range(4)]
    together([lambda who=who: books[0].acknowledge(alarm.alarm_id, who) for who in people])
    (seen,) = books[0].alarms()
    assert seen.acknowledged_by in {who.name for who in people}
    books[1].update([], now_s=20.0)
    (ended,) = books[2].alarms()
    assert (ended.ended_at_s, ended.acknowledged_by) == (20.0, seen.acknowledged_by)
    assert books[3].alarms(only_open=True) == []


def test_reports_of_machines_that_write_at_once_stand_beside_each_other(engine: Engine):
    def a_report(number: int) -> Report:
        entry = Entry(kind=Kind.PART, name="disk", state=Finding.GOOD, found="61.7 GiB free")
        return Report(place=f"machine {number}", at_s=1000.0 + number, every_s=None, entries=(entry,))

    together([lambda number=number: keep(engine, a_report(number)) for number in (*range(4), *range(4))])
    assert reports(engine) == [a_report(number) for number in range(4)]


def test_the_clock_of_the_database_is_measured(engine: Engine, tmp_path):
    told = {check.part: check for check in clock_checks(str(tmp_path), engine)}
    assert told["clock of the read model"].finding is Finding.GOOD
    assert "this machine" in told["clock of the read model"].found


def together(works: list) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
