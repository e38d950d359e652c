"""Looks are kept finely for a while, then coarsely, then not at all; a page that does not answer is kept as such."""

from pathlib import Path

import pytest

from dashboard.operations.metric_pages import Look, Series
from dashboard.operations.samples import KEPT_S, Failure, Samples
from dashboard.operations.watching import ProcessWatch, UnreadableTargets, look_at, targets_of
from dashboard.read_model import open_engine
from ingest.telemetry import metric, serve_health

EVENTS = Series("telltale_events_total", (("stage", "extract"),))


def a_look(at_s: float, value: float = 1.0) -> Look:
    return Look(at_s, {EVENTS: value})


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    return Samples(open_engine(f"sqlite:///{tmp_path / 'model.sqlite'}"))


def test_looks_come_back_in_order_and_the_last_one_is_always_among_them(samples: Samples):
    for at_s in range(100):
        samples.add("extract", a_look(float(at_s), at_s))
    assert samples.latest("extract") == a_look(99.0, 99.0)
    assert [look.at_s for look in samples.since("extract", 96.0)] == [96.0, 97.0, 98.0, 99.0]
    few = [look.at_s for look in samples.since("extract", 0.0, most=10)]
    assert len(few) == 10
    assert few[-1] == 99.0
    assert samples.ends("extract", 10.0) == (a_look(10.0, 10.0), a_look(99.0, 99.0))
    assert samples.ends("extract", 99.0) is None, "one look alone tells no rate"
    assert samples.processes() == ["extract"]
    assert samples.latest("detect") is None


def test_a_page_that_did_not_answer_is_known_with_its_reason_and_gives_no_numbers(samples: Samples):
    samples.add("extract", a_look(1.0))
    samples.add("extract", Failure(2.0, "ConnectionRefusedError"))
    assert samples.latest("extract") == Failure(2.0, "ConnectionRefusedError")
    assert [look.at_s for look in samples.since("extract", 0.0)] == [1.0]


def test_old_looks_get_coarse_and_very_old_ones_go(samples: Samples):
    now = 10 * KEPT_S
    times = [now - KEPT_S - 1.0, *(now - 3600.0 + 5.0 * at for at in range(36)), *(now - 5.0 * at for at in range(10))]
    for at_s in times:
        samples.add("extract", a_look(at_s))
    gone = samples.thin_out(now)
    left = [look.at_s for look in samples.since("extract", 0.0)]
    assert gone == len(times) - len(left)
    assert min(left) > now - KEPT_S
    assert len([at_s for at_s in left if at_s < now - 1300.0]) in (3, 4), "three minutes, one look each"
    assert len([at_s for at_s in left if at_s > now - 100.0]) == 10, "fresh looks all stay"


def test_pages_are_looked_at_for_real(samples: Samples):
    page = serve_health("127.0.0.1", 0, lambda: True)
    try:
        metric("telltale_decoder_runs_total").inc()
        targets = targets_of(f"extract=http://127.0.0.1:{page.port}/metrics, gone=http://127.0.0.1:9/metrics")
        ProcessWatch(targets, samples).look()
    finally:
        page.close()
    found, missing = samples.latest("extract"), samples.latest("gone")
    assert isinstance(found, Look)
    assert (found.total("telltale_decoder_runs_total") or 0) >= 1
    assert (found.total("process_resident_memory_bytes") or 0) > 1e6
    assert isinstance(missing, Failure)
    assert "refused" in missing.why


def test_what_is_not_a_metrics_page_is_a_failure_not_an_error():
    page = serve_health("127.0.0.1", 0, lambda: True)
    try:
        assert isinstance(look_at(f"http://127.0.0.1:{page.port}/live"), Failure)
    finally:
        page.close()


@pytest.mark.parametrize("text", ["extract", "=http://x/", "extract=ftp://x/", "extract=file:///etc/passwd"])
def test_targets_of_another_form_are_refused(text: str):
    with pytest.raises(UnreadableTargets):
        targets_of(text)
