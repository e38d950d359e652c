"""Log lines carry their fields in both forms, metrics are the closed list, the health page tells the truth."""

import json
import logging
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import structlog
from prometheus_client import CollectorRegistry

from contracts.settings import IngestSettings
from contracts.telemetry import METRICS
from contracts.vocabulary import Lifecycle, Stage, Verdict
from ingest import telemetry
from ingest.telemetry import HealthPage, configure_logs, health_page, metric, registry, serve_health, start_at_zero


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Each test has metrics and logs of its own."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    registry.cache_clear()
    metric.cache_clear()
    yield
    registry.cache_clear()
    metric.cache_clear()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = before


@pytest.fixture
def page() -> Iterator[HealthPage]:
    served = serve_health("127.0.0.1", 0, lambda: True)
    yield served
    served.close()


def get(page: HealthPage, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{page.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_json_line_carries_its_fields(capsys: pytest.CaptureFixture[str]):
    configure_logs(IngestSettings(log_format="json"), Stage.INGEST)
    with structlog.contextvars.bound_contextvars(media_id="m1", trace_id="t1"):
        structlog.get_logger().info("media_announced", key="ä b.mp4")
    line = json.loads(capsys.readouterr().err)
    assert {name: line[name] for name in ("event", "level", "stage", "media_id", "trace_id", "key")} == {
        "event": "media_announced",
        "level": "info",
        "stage": "ingest",
        "media_id": "m1",
        "trace_id": "t1",
        "key": "ä b.mp4",
    }


def test_a_line_for_people_carries_them_too(capsys: pytest.CaptureFixture[str]):
    configure_logs(IngestSettings(log_format="console"), Stage.INGEST)
    structlog.get_logger().warning("ingest_waits", why="Kafka is away")
    line = capsys.readouterr().err
    assert "ingest_waits" in line
    assert "why='Kafka is away'" in line


def test_lines_of_libraries_have_the_same_form(capsys: pytest.CaptureFixture[str]):
    configure_logs(IngestSettings(log_format="json"), Stage.INGEST)
    logging.getLogger("kafka.net").info("connected to %s", "somewhere")
    logging.getLogger("kafka.net").warning("lost %s", "somewhere")
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["event"], line["logger"], line["stage"]) == ("lost somewhere", "kafka.net", "ingest")


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]):
    configure_logs(IngestSettings(log_format="json", log_level="warning"), Stage.INGEST)
    structlog.get_logger().info("media_announced")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str], log_format):
    configure_logs(IngestSettings(log_format=log_format), Stage.INGEST)
    try:
        password = "-".join(["top", "secret"])
        raise RuntimeError(len(password))
    except RuntimeError:
        structlog.get_logger().exception("stage_failed")
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "top-secret" not in said


@pytest.mark.parametrize("name", METRICS)
def test_every_listed_metric_can_be_made(name):
    made = metric(name)
    labels = dict.fromkeys(METRICS[name].labels, "x")
    child = made.labels(**labels) if labels else made
    (child.observe if METRICS[name].kind == "histogram" else child.inc)(1)
    assert metric(name) is made


def test_an_unlisted_metric_is_refused():
    with pytest.raises(KeyError):
        metric("telltale_surprises_total")  # pyright: ignore[reportArgumentType] - that is the point


def test_metrics_stay_out_of_the_librarys_registry():
    from prometheus_client import REGISTRY

    metric("telltale_decoder_runs_total").inc()
    assert isinstance(registry(), CollectorRegistry)
    assert REGISTRY.get_sample_value("telltale_decoder_runs_total") is None
    assert registry().get_sample_value("telltale_decoder_runs_total") == 1


def test_known_label_sets_start_at_zero():
    metric("telltale_verdicts_total")
    start_at_zero("telltale_events_total", stage=[Stage.INGEST], outcome=["announced", "known"])
    shown = {
        (sample.labels["lifecycle"], sample.labels["verdict"])
        for family in registry().collect()
        for sample in family.samples
        if sample.name == "telltale_verdicts_total"
    }
    assert shown == {(str(lifecycle), str(verdict)) for lifecycle in Lifecycle for verdict in Verdict}
    assert registry().get_sample_value("telltale_events_total", {"stage": "ingest", "outcome": "known"}) == 0


def test_the_health_page_serves_metrics(page: HealthPage):
    metric("telltale_events_total").labels(stage="ingest", outcome="announced").inc(3)
    status, text = get(page, "/metrics")
    assert status == 200
    assert 'telltale_events_total{outcome="announced",stage="ingest"} 3.0' in text
    assert "_created" not in text


def test_ready_and_live_are_two_things():
    ready: list[bool] = []
    page = serve_health("127.0.0.1", 0, lambda: bool(ready))
    try:
        assert (get(page, "/live")[0], get(page, "/ready")[0]) == (200, 503)
        ready.append(True)
        assert get(page, "/ready")[0] == 200
        assert get(page, "/elsewhere")[0] == 404
    finally:
        page.close()


def test_port_zero_in_the_settings_means_no_page():
    with health_page(IngestSettings(metrics_port=0), lambda: True) as page:
        assert page is None


def test_a_page_is_closed_with_its_process(page: HealthPage):
    free = page.port
    page.close()
    with health_page(IngestSettings(metrics_port=free), lambda: True) as again:
        assert again is not None
        assert get(again, "/live")[0] == 200
    assert telemetry.serve_health("127.0.0.1", free, lambda: True).close() is None
