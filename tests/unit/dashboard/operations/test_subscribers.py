import time
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from dashboard.api.webhook_store import WebhookStore, Wish
from dashboard.operations.metric_pages import read_page
from dashboard.operations.samples import Samples
from dashboard.operations.subscribers import show, told_subscribers
from dashboard.read_model import ReadModelWriter, open_engine
from ingest.telemetry import registry
from tests.support.items import a_verdict, an_upload
from tests.support.pages import drawn, words_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setenv("TELLTALE_BUCKET", str(tmp_path / "bucket"))
    return tmp_path


def metrics() -> str:
    return generate_latest(registry()).decode()


def test_a_group_that_is_gone_leaves_the_page(home: Path):
    samples = Samples(open_engine(f"sqlite:///{home / 'read_model.sqlite'}"))
    assert told_subscribers(samples) == ({}, None)
    for at_s, lags in ((1.0, {"desk": 3, "archive": 0}), (2.0, {"archive": 1})):
        show(lags)
        samples.add("project", read_page(metrics(), at_s))
        assert told_subscribers(samples) == ({group: float(lag) for group, lag in sorted(lags.items())}, at_s)
    show({})


def test_outputs_show_readers_schemas_and_webhooks(home: Path):
    words = words_of(drawn("outputs"))
    assert "No consumer group of another system" in words
    assert "None is registered" in words
    engine = open_engine(f"sqlite:///{home / 'read_model.sqlite'}")
    verdict = a_verdict(an_upload())
    ReadModelWriter(engine).apply([verdict.uploaded, verdict])
    show({"desk": 1234})
    Samples(engine).add("project", read_page(metrics(), time.time()))
    show({})
    wish = Wish(url="https://desk.example/hook", description="the desk", lifecycles=(), verdicts=())
    WebhookStore(engine).add(wish, who="ada", now_s=time.time())
    app = drawn("outputs")
    words = words_of(app)
    assert "desk" in words
    assert "1,234" in words
    assert "https://desk.example/hook" in words
    assert "active" in words
    shown = [one.value for one in app.code]
    assert any('"title": "MediaVerdict"' in code for code in shown)
    assert any(verdict.event_id in code for code in shown)
