"""The whole pipeline as ``telltale up`` runs it: files in a folder, a local Kafka, every stage, one way to stop it."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from contracts.topics import MEDIA_VERDICTS
from dashboard.api.settings import ApiSettings
from dashboard.operations.health_reports import Finding, Kind, reports
from dashboard.read_model import open_engine
from ingest import sample_media
from telltale.run_state import ChildState
from tests.support.api_server import client_of, serving
from tests.support.children import is_alive, wait_until
from tests.support.dashboard_server import a_dashboard
from tests.support.pipeline import RunningPipeline, on_topic
from tests.support.read_models import Deployment
from tests.support.shown_numbers import compare_items, compare_live, latest_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
STAGES = {"kafka", "ingest", "extract", "detect", "aggregate", "project", "reconcile", "expire", "doctor"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return sample_media.make_all(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    folder = tmp_path_factory.mktemp("up")
    with RunningPipeline(folder / "home", str(folder / "bucket")) as running:
        yield running


@pytest.fixture(scope="module")
def submitted(pipeline: RunningPipeline, media: dict[str, Path]) -> list[dict[str, Any]]:
    """What became of each file, as the command that sent them tells it."""
    files = [str(path) for path in media.values()]
    done = pipeline.command("submit", *files, "--home", str(pipeline.home), "--wait", "--json", "--timeout", "300")
    assert done.returncode == 0, done.stderr + pipeline.ends_of_logs()
    return objects(done.stdout)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def what_is_said(body: dict[str, Any]) -> dict[str, Any]:
    """The parts of an outcome that may not depend on how it was made."""
    numbers = body["probability"] or {}
    return {
        "verdict": body["verdict"],
        "reasons": body["reasons"],
        "probability": {name: numbers.get(name) for name in ("value", "low", "high")},
        "detectors": {d["name"]: (d["status"], d["raw"], d["calibrated"]) for d in body["detectors"]},
        "tracks": [(t["id"], t["verdict"], t["start"], t["end"]) for t in body["tracks"]],
    }


def test_status_tells_where_everything_is(pipeline: RunningPipeline):
    status = pipeline.status
    assert status["ready"] is True
    assert status["bucket"] == pipeline.bucket
    assert status["home"] == str(pipeline.home)
    assert status["kafka"].startswith("127.0.0.1:")
    assert (status["dashboard"], status["api"]) == (None, None)
    assert status["topics"]["verdicts"] == "media.verdicts.v1"
    assert status["notifications_topic"] == "bucket.notifications"
    assert set(status["metrics"]) == STAGES - {"kafka", "reconcile", "expire", "doctor"}
    assert {name: stage["state"] for name, stage in status["stages"].items()} == dict.fromkeys(STAGES, "ready")


def test_the_pipeline_and_a_scan_say_the_same(
    pipeline: RunningPipeline, media: dict[str, Path], submitted: list[dict[str, Any]]
):
    files = [str(path) for path in media.values()]
    scanned = pipeline.command("scan", *files, "--detectors", "telltale", "--home", str(pipeline.home), "--json")
    assert scanned.returncode == 0, scanned.stderr
    from_scan = objects(scanned.stdout)
    assert [body["path"] for body in submitted] == [body["path"] for body in from_scan] == files
    for piped, single in zip(submitted, from_scan, strict=True):
        if "dead_letter" not in piped:
            assert_same(what_is_said(piped), what_is_said(single))


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == (pytest.approx(other, abs=1e-6) if isinstance(other, float) else other)


@pytest.mark.browser
def test_every_number_on_a_page_is_that_of_the_api_and_of_the_topic(
    pipeline: RunningPipeline, submitted: list[dict[str, Any]], page: Page
):
    messages = on_topic(pipeline.status["kafka"], MEDIA_VERDICTS.name)
    more = {"TELLTALE_BUCKET": pipeline.bucket, "TELLTALE_DETECTORS": "telltale"}
    settings = ApiSettings(home=pipeline.home, bucket=pipeline.bucket, work_bucket=str(pipeline.home / "work"))
    with (
        a_dashboard(Deployment(pipeline.home), **more) as pages,
        serving(settings.model_copy(update={"api_port": 0, "api_requests_per_minute": 0})) as address,
        client_of(address) as api,
    ):
        done = compare_items(page, pages, api, messages)
        for place in ("pipeline", "queues"):
            done.add(compare_live(page, pages, api, place))
    assert {one["media_id"] for one in submitted} <= latest_of(messages).keys()
    assert not done.wrong, "\n".join(done.wrong)
    for place, least in {"api": 400, "inbox": 35, "item": 300, "pipeline": 25, "queues": 8}.items():
        assert done.numbers[place] >= least, done.numbers


def test_a_killed_stage_comes_back_and_is_named(pipeline: RunningPipeline):
    before = pipeline.status["stages"]["project"]
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        now = pipeline.status["stages"]["project"]
        return now["restarts"] == before["restarts"] + 1 and now["state"] == ChildState.READY

    pipeline.wait_until(is_back, timeout_s=90)
    assert "project was ended by signal 9; it starts again in" in (pipeline.home / "up.log").read_text()
    assert "child=project" in (pipeline.home / "logs" / "up.log").read_text()
    assert {stage["state"] for stage in pipeline.status["stages"].values()} == {ChildState.READY}


def test_its_health_is_in_the_read_model_and_names_what_serves(pipeline: RunningPipeline):
    engine = open_engine(f"sqlite:///{pipeline.home / 'read_model.sqlite'}")

    def states() -> dict[str, str]:
        return {part.name: part.state for report in reports(engine) for part in report.of_kind(Kind.PART)}

    pipeline.wait_until(lambda: states().get("detector telltale") == Finding.GOOD, timeout_s=150.0)
    assert states()["Kafka"] == states()["bucket"] == states()["weights telltale"] == Finding.GOOD
    engine.dispose()


def test_a_second_run_in_the_same_home_is_refused(pipeline: RunningPipeline):
    second = pipeline.command("up", "--home", str(pipeline.home), "--no-dashboard")
    assert second.returncode == 1
    assert "already runs in" in second.stderr
    assert pipeline.status["ready"] is True


def test_all_that_is_written_lies_under_home(pipeline: RunningPipeline):
    names = {path.name for path in pipeline.home.iterdir()}
    assert {"logs", "run", "kafka", "work", "read_model.sqlite"} <= names
    processes = [psutil.Process(stage["pid"]) for stage in pipeline.status["stages"].values()]
    assert all(Path(process.cwd()).is_relative_to(pipeline.home) for process in processes)


def test_no_process_is_left_by_sigterm_nor_by_kill_and_a_later_run_goes_on(tmp_path: Path, media: dict[str, Path]):
    pipeline = RunningPipeline(tmp_path / "home", str(tmp_path / "bucket"))
    picture = str(media[sample_media.PICTURE])
    with pipeline:
        first = pipeline.command("submit", picture, "--home", str(pipeline.home), "--wait", "--json")
        assert first.returncode == 0, first.stderr + pipeline.ends_of_logs()
        started = processes_of(pipeline)
    assert [pid for pid in started if is_alive(pid)] == []
    assert (pipeline.status["running"], pipeline.status["kafka"]) == (False, None)
    assert "child killed" not in (pipeline.home / "logs" / "up.log").read_text()

    with pipeline:
        again = pipeline.command("submit", picture, "--home", str(pipeline.home), "--wait", "--json")
        assert objects(again.stdout)[0]["verdict"] == objects(first.stdout)[0]["verdict"]
        started = processes_of(pipeline)
        os.kill(pipeline.status["pid"], signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in started))


def processes_of(pipeline: RunningPipeline) -> set[int]:
    """The supervisor, its children and everything that those have started."""
    state = pipeline.status
    own = {state["pid"], *(stage["pid"] for stage in state["stages"].values())}
    return own | {child.pid for pid in own for child in psutil.Process(pid).children(recursive=True)}
