"""A report has what doctor found, clocks, checksums, versions, settings with their origin; a regular one loads none."""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contracts.settings import ProjectSettings
from dashboard.operations.health_reports import Entry, Finding, Kind, Origin, reports
from dashboard.operations.metric_pages import Look, Series
from dashboard.operations.samples import Samples
from dashboard.read_model import ReadModelWriter, open_engine, url_of
from ingest.redaction import HIDDEN
from telltale import health_facts, health_record
from telltale.health_record import Wish, regular_report
from telltale.local_kafka import LOOPBACK, free_port
from tests.support.items import an_upload


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectSettings:
    # No Java is started to see whether it is there.
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"{LOOPBACK}:{free_port()}")
    return ProjectSettings(home=tmp_path / "home")


@pytest.fixture
def engine(settings: ProjectSettings) -> Engine:
    return open_engine(url_of(settings))


def a_wish(settings: ProjectSettings, **more: float) -> Wish:
    return Wish(home=settings.home, bucket=str(settings.home / "bucket"), detectors="telltale", **more)


def served(process: str, detector: str, *, ago_s: float = 0.0) -> tuple[str, Look]:
    labels = (("detector", detector), ("version", "2.0.1"), ("weights", "abc"))
    return process, Look(time.time() - ago_s, {Series("telltale_model_info", labels): 1.0})


def test_a_regular_report_asks_the_workers_and_loads_no_detector(settings: ProjectSettings, engine: Engine):
    Samples(engine).add(*served("detect-1", "telltale"))
    report = regular_report(a_wish(settings, every_s=300.0), settings, engine)
    told = {entry.name: entry for entry in report.entries}
    assert told["detector telltale"].found == "version 2.0.1, weights abc, loaded and proved by its worker"
    assert told["weights telltale"].state == Finding.GOOD
    assert told["Kafka"].state == Finding.MISSING
    assert told["clock of the store"].state == Finding.GOOD
    assert told["Python"].found.startswith(f"{sys.version_info[0]}.")
    assert report.every_s == 300.0
    names = {(entry.kind, entry.name) for entry in report.entries}
    assert len(names) == len(report.entries), "each has a row of its own"


@pytest.mark.parametrize(
    ("process", "detector", "ago_s"),
    [("detect", "mesonet", 0.0), ("extract", "telltale", 0.0), ("detect", "telltale", 60.0)],
)
def test_a_detector_that_no_worker_serves_now_is_lacking(engine: Engine, process: str, detector: str, ago_s: float):
    Samples(engine).add(*served(process, detector, ago_s=ago_s))
    (check,) = health_facts.serving_checks(("telltale",), engine, now_s=time.time())
    assert check.finding is Finding.LACKING
    assert check.do


def test_asked_once_everything_is_recorded_and_printed(settings: ProjectSettings, capsys: pytest.CaptureFixture[str]):
    assert health_record.run(a_wish(settings)) == 1, "Kafka is missing"
    (report,) = reports(open_engine(url_of(settings)))
    assert report.every_s is None
    assert "loaded and proved" in next(entry.found for entry in report.entries if entry.name == "detector telltale")
    assert "clock of the store" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("skew_s", "finding"),
    [
        (0.4, Finding.GOOD),
        (-4.9, Finding.GOOD),
        (-7.0, Finding.LACKING),
        (899.0, Finding.LACKING),
        (-901.0, Finding.MISSING),
    ],
)
def test_a_clock_is_good_within_seconds_and_stops_all_at_a_quarter_of_an_hour(skew_s: float, finding: Finding):
    check = health_facts.skew_check("clock", skew_s)
    assert check.finding is finding
    assert ("behind" in check.found) is (skew_s < 0)
    assert bool(check.do) is (finding is not Finding.GOOD)


def test_an_upload_announced_in_the_future_tells_of_a_clock(engine: Engine, tmp_path: Path):
    def stages() -> Finding:
        return {check.part: check for check in health_facts.clock_checks(str(tmp_path), engine)}[
            "clock of the stages"
        ].finding

    writer = ReadModelWriter(engine)
    writer.apply([an_upload("now.mp4", at=datetime.now(UTC))])
    assert stages() is Finding.GOOD
    writer.apply([an_upload("later.mp4", at=datetime.now(UTC) + timedelta(minutes=1))])
    assert stages() is Finding.LACKING


def test_settings_tell_where_they_come_from_and_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch):
    environment = {
        "TELLTALE_KAFKA_PASSWORD": "pl4nted-Kafka-pw",
        "TELLTALE_READ_MODEL_URL": "postgresql://me:pl4nted-pw@db/telltale",
        "telltale_gates": "",
        "AWS_SECRET_ACCESS_KEY": "pl4nted-aws",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    told = {entry.name: entry for entry in health_facts.configuration(environment, {"TELLTALE_HOME": "/srv/x"})}
    assert not [entry for entry in told.values() if "pl4nted" in entry.found]
    assert origin(told["TELLTALE_KAFKA_PASSWORD"]) == (HIDDEN, Origin.ENVIRONMENT)
    assert origin(told["TELLTALE_READ_MODEL_URL"]) == ("postgresql://me:***@db/telltale", Origin.ENVIRONMENT)
    assert origin(told["TELLTALE_HOME"]) == ("/srv/x", Origin.OPTION)
    assert origin(told["TELLTALE_GATES"]) == ("–", Origin.ENVIRONMENT)
    assert origin(told["TELLTALE_MAX_FACES"]) == ("16", Origin.DEFAULT)
    assert origin(told["AWS_SECRET_ACCESS_KEY"]) == (HIDDEN, Origin.ENVIRONMENT)
    kept_in_file = health_facts.configuration({"TELLTALE_KAFKA_PASSWORD_FILE": "/run/pw"}, {})
    assert origin({one.name: one for one in kept_in_file}["TELLTALE_KAFKA_PASSWORD"]) == (HIDDEN, Origin.FILE)


def origin(entry: Entry) -> tuple[str, str]:
    assert entry.kind is Kind.SETTING
    return entry.found, entry.state
