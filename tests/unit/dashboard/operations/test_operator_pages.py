"""Every operator page draws without an error: on an empty install, on one that works, and on one that has failed."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import KeyStore, Role
from dashboard.operations.health_reports import Entry, Finding, Kind, Origin, Report, keep
from dashboard.operations.metric_pages import Look, Series
from dashboard.operations.samples import Failure, Samples
from dashboard.read_model import ReadModelWriter, open_engine
from tests.support.pages import drawn, words_of
from tests.support.verdicts import a_dead_letter

PAGES = ("pipeline", "workers", "queues", "outputs", "health")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setenv("TELLTALE_BUCKET", str(tmp_path / "bucket"))
    return tmp_path


@pytest.fixture
def samples(home: Path) -> Samples:
    return Samples(open_engine(f"sqlite:///{home / 'read_model.sqlite'}"))


def at_work(at_s: float, done: float) -> Look:
    """A process that has extracted and scored ``done`` files."""
    values: dict[Series, float] = {Series("process_resident_memory_bytes"): 3e8}
    for stage, s in (("extract", 0.5), ("detect", 1.5)):
        label = ("stage", stage)
        values[Series("telltale_events_total", (("outcome", "done"), label))] = done
        values[Series("telltale_stage_seconds_sum", (label,))] = done * s
    values[
        Series("telltale_consumer_lag_messages", (("group", "telltale.extract"), ("topic", "media.uploaded.v1")))
    ] = 7.0
    values[Series("telltale_model_info", (("detector", "telltale"), ("version", "2.0.0"), ("weights", "abc")))] = 1.0
    return Look(at_s, values)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_install_says_what_is_missing_and_guesses_nothing(home: Path, page: str):
    app = drawn(page)
    assert app.title[0].value
    assert not app.error
    assert not app.warning


def test_a_pipeline_at_work_is_shown_with_what_was_measured(samples: Samples):
    now_s = time.time()
    for process in ("extract", "detect"):
        for ago in (600.0, 0.0):
            samples.add(process, at_work(now_s - ago, 600.0 - ago))
    pipeline = words_of(drawn("pipeline"))
    assert "60.0" in pipeline, "600 messages in ten minutes"
    assert pipeline.index("extract") < pipeline.index("detect"), "the order of the data"
    assert "media.uploaded.v1" in words_of(drawn("queues"))
    workers = words_of(drawn("workers"))
    assert "2.0.0" in workers
    assert "1.50" in workers, "seconds per file of the slower stage"
    assert "25 min" in workers, "a thousand files, 1.5 s each"


def one_of_a_mesh(at_s: float, done: float, detector: str) -> Look:
    """A process of the stage ``detect`` that runs one detector and has scored ``done`` messages of 0.5 s each."""
    stage, name = ("stage", "detect"), ("detector", detector)
    group = (("group", f"telltale.detect.{detector}"), ("topic", f"crops.{detector}.v1"))
    return Look(
        at_s,
        {
            Series("telltale_events_total", (("outcome", "done"), stage)): done,
            Series("telltale_stage_seconds_sum", (stage,)): done * 0.5,
            Series("telltale_model_info", (name, ("version", f"1.0.{len(detector)}"), ("weights", "abc"))): 1.0,
            Series("telltale_inference_seconds_count", (name, ("device", "cpu"))): done,
            Series("telltale_batch_clips_sum", (name,)): 2 * done,
            Series("telltale_consumer_lag_messages", group): float(len(detector)),
        },
    )


def test_a_process_for_each_detector_is_shown_and_counted(samples: Samples, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_DETECTORS", "telltale,mesonet,selimsef")
    now_s = time.time()
    for ago in (600.0, 0.0):
        samples.add("extract", at_work(now_s - ago, 600.0 - ago))
        samples.add("aggregate", Look(now_s - ago, {}))
        for detector in ("telltale", "mesonet"):
            samples.add(f"detect-{detector}", one_of_a_mesh(now_s - ago, 600.0 - ago, detector))
    pipeline = words_of(drawn("pipeline"))
    places = [pipeline.index(name) for name in ("extract", "detect-mesonet", "detect-telltale", "aggregate")]
    assert places == sorted(places), "the order of the data"
    assert pipeline.count("<dd>60.0</dd>") == 3
    workers = words_of(drawn("workers"))
    cells = [cell.partition("</td>")[0].rpartition(">")[2] for cell in workers.split("<td")]
    for detector in ("telltale", "mesonet"):
        at = cells.index(detector)
        expected = [detector, f"detect-{detector}", "loaded", f"1.0.{len(detector)}", "cpu", "–", "120.0"]
        assert cells[at : at + 7] == expected
    assert cells[cells.index("selimsef") : cells.index("selimsef") + 3] == ["selimsef", "–", "not loaded"]
    detect = cells.index("detect", cells.index("extract", cells.index("selimsef")))
    assert cells[detect + 1] == "1.00", "both detectors' seconds for one file"


def test_a_process_that_fell_silent_or_stopped_itself_is_told_of_with_what_to_do(samples: Samples):
    now_s = time.time()
    samples.add("extract", Failure(now_s, "ConnectionRefusedError: nobody listens"))
    samples.add("detect", Look(now_s, {Series("telltale_fuse_blown", (("stage", "detect"),)): 1.0}))
    words = words_of(drawn("pipeline"))
    assert "does not answer" in words
    assert "nobody listens" in words
    assert "telltale dead-letters resume detect" in words


def test_dead_letters_are_found_by_stage_and_state(samples: Samples, home: Path):
    engine = open_engine(f"sqlite:///{home / 'read_model.sqlite'}")
    letter = a_dead_letter()
    ReadModelWriter(engine).apply([letter])
    words = words_of(drawn("queues"))
    assert letter.detail in words
    ReadModelWriter(engine).apply([letter.model_copy(update={"settled": "dropped", "settled_because": "a test file"})])
    assert "No dead letters" in words_of(drawn("queues"))


@pytest.mark.parametrize("page", PAGES)
def test_a_read_model_that_cannot_be_read_is_apologised_for_in_words(
    samples: Samples, home: Path, page: str, monkeypatch: pytest.MonkeyPatch
):
    def refuses(*_: object) -> Callable[..., object]:
        raise OSError("disk gone")

    monkeypatch.setattr(f"dashboard.views.{page}.st.title", refuses)
    app = AppTest.from_string(f"from dashboard.views import {page}\n{page}.draw()\n", default_timeout=30).run()
    assert not app.exception
    assert "could not be drawn" in words_of(app)


def test_a_health_report_is_shown_with_what_is_wrong_first_and_its_age(home: Path):
    engine = open_engine(f"sqlite:///{home / 'read_model.sqlite'}")
    entries = (
        Entry(kind=Kind.PART, name="Python", state=Finding.GOOD, found="3.11.2"),
        Entry(kind=Kind.PART, name="Kafka", state=Finding.MISSING, found="nobody listens", advice="Run `telltale up`."),
        Entry(kind=Kind.VERSION, name="torch", found="2.14.1"),
        Entry(kind=Kind.SETTING, name="TELLTALE_HOME", state=Origin.ENVIRONMENT, found="/srv/telltale"),
    )
    at_s = time.time() - 90.0
    keep(engine, Report(place="desk-1", at_s=at_s, every_s=300.0, entries=entries))
    app = drawn("health")
    oldest_s = time.time() - at_s
    words = words_of(app)
    assert words.index("nobody listens") < words.index("3.11.2"), "what is missing comes first"
    assert "<b>missing</b>" in words
    assert "<code>telltale up</code>" in words
    assert "TELLTALE_HOME" in words
    told = re.search(r"\((\d+) s ago\)", words)
    assert told
    assert 90 <= int(told[1]) <= round(oldest_s)
    assert "TELLTALE_HOME [environment]: /srv/telltale" in app.code[0].value
    assert not app.error, "a look each five minutes may be a minute old"
    keep(engine, Report(place="desk-1", at_s=time.time() - 1800.0, every_s=300.0, entries=entries))
    assert drawn("health").error, "six looks did not come"
    keep(engine, Report(place="desk-1", at_s=time.time() - 1800.0, every_s=None, entries=entries))
    app = drawn("health")
    assert "Asked for by hand 30 min ago" in words_of(app)
    assert not app.error


def test_settings_and_diagnostics_are_for_operators(home: Path):
    engine = open_engine(f"sqlite:///{home / 'read_model.sqlite'}")
    setting = Entry(kind=Kind.SETTING, name="TELLTALE_HOME", state=Origin.DEFAULT, found="/srv/telltale")
    part = Entry(kind=Kind.PART, name="Python", state=Finding.GOOD, found="3.11.2")
    keep(engine, Report(place="desk-1", at_s=time.time(), every_s=None, entries=(part, setting)))
    app = drawn("health")
    assert "/srv/telltale" in words_of(app)
    app.session_state["presented_key"] = KeyStore(engine).create("Vera", Role.VIEWER)
    words = words_of(app.run())
    assert "3.11.2" in words
    assert "/srv/telltale" not in words
    assert not app.code
    assert not app.get("download_button")
