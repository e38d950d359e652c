"""A report takes the place of the last one of its machine, holds no secrets, and goes when its machine is silent."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard.operations.health_reports import KEPT_S, Entry, Finding, Kind, Report, diagnostics, keep, reports
from dashboard.read_model import open_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")


def a_report(place: str = "one", *, at_s: float = 1000.0, names: tuple[str, ...] = ("Python", "disk")) -> Report:
    entries = tuple(Entry(kind=Kind.PART, name=name, state=Finding.GOOD, found="well") for name in names)
    return Report(place=place, at_s=at_s, every_s=300.0, entries=entries)


def test_the_last_report_of_each_machine_stands(engine: Engine):
    assert reports(engine) == []
    keep(engine, a_report("two"))
    keep(engine, a_report("one", names=("Python", "gone")))
    newer = a_report("one", at_s=2000.0, names=("disk", "Python"))
    keep(engine, newer)
    assert reports(engine) == [newer, a_report("two")]
    assert newer.count(Finding.GOOD) == 2


def test_a_machine_that_fell_silent_a_month_ago_is_forgotten(engine: Engine):
    keep(engine, a_report("old"))
    keep(engine, a_report("new", at_s=1000.0 + KEPT_S + 1.0))
    assert [report.place for report in reports(engine)] == ["new"]


def test_secrets_do_not_reach_the_read_model_nor_the_diagnostics(engine: Engine, tmp_path: Path):
    said = "postgresql://me:pl4nted-pw@db/telltale refused; https://b.s3/x?X-Amz-Signature=pl4nted0123456789"
    entry = Entry(kind=Kind.PART, name="store", state=Finding.MISSING, found=said, advice=f"See {said}")
    report = Report(place="one", at_s=1.0, every_s=None, entries=(entry,))
    assert "pl4nted" not in diagnostics(report, now_s=61.0)
    keep(engine, report)
    engine.dispose()
    assert not [file for file in tmp_path.iterdir() if b"pl4nted" in file.read_bytes()]
    (kept,) = reports(engine)
    text = diagnostics(kept, now_s=61.0)
    assert "60 s old" in text
    assert "store [missing]: postgresql://me:***@db/telltale refused" in text
    assert "-> See" in text
