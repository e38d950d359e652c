"""Rates and quantiles of two looks at a metrics page are what Prometheus would say of them."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from dashboard.operations.metric_pages import Look, as_rows, increase, of_rows, per_second, quantile, read_page


class AProcess:
    """Real metrics of a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("telltale_events_total", "events", ("stage", "outcome"), registry=self.registry)
        self.took = Histogram(
            "telltale_stage_seconds", "s", ("stage",), buckets=(0.1, 1.0, 10.0), registry=self.registry
        )
        self.other = Counter("python_other_total", "not ours", registry=self.registry)

    def look(self, at_s: float) -> Look:
        return read_page(generate_latest(self.registry).decode(), at_s)


def test_a_page_is_read_without_what_is_not_ours():
    process = AProcess()
    process.events.labels("extract", "done").inc(3)
    process.events.labels("extract", "dead_letter").inc(1)
    process.other.inc()
    look = process.look(1.0)
    assert look.total("telltale_events_total") == 4.0
    assert look.by("outcome", "telltale_events_total", stage="extract") == {"done": 3.0, "dead_letter": 1.0}
    assert look.total("telltale_events_total", stage="detect") is None, "nothing is not zero"
    assert not any(series.name.startswith("python") for series in look.values)
    assert of_rows(as_rows(look), 1.0) == look


def test_a_rate_is_the_increase_over_the_time_between():
    process = AProcess()
    process.events.labels("extract", "done").inc(5)
    first = process.look(10.0)
    process.events.labels("extract", "done").inc(6)
    process.events.labels("extract", "failed").inc(2)
    second = process.look(14.0)
    assert per_second(first, second, "telltale_events_total", outcome="done") == 1.5
    assert increase(first, second, "telltale_events_total") == 8.0


def test_a_process_that_was_started_anew_counts_from_zero():
    before, after = AProcess(), AProcess()
    before.events.labels("extract", "done").inc(100)
    after.events.labels("extract", "done").inc(7)
    assert increase(before.look(1.0), after.look(2.0), "telltale_events_total") == 7.0


def test_quantiles_are_interpolated_within_their_bucket():
    process = AProcess()
    process.took.labels("extract").observe(50.0)  # before the first look, so it does not count
    first = process.look(1.0)
    for _ in range(50):
        process.took.labels("extract").observe(0.05)
    for _ in range(50):
        process.took.labels("extract").observe(0.5)
    second = process.look(2.0)
    assert quantile(first, second, "telltale_stage_seconds", 0.25) == pytest.approx(0.05)
    assert quantile(first, second, "telltale_stage_seconds", 0.75) == pytest.approx(0.55)
    assert quantile(second, process.look(3.0), "telltale_stage_seconds", 0.5) is None
    process.took.labels("extract").observe(1e6)
    assert quantile(second, process.look(4.0), "telltale_stage_seconds", 0.99) == 10.0, "the last edge that is finite"


@pytest.mark.parametrize("text", ["telltale_x{ 1", "telltale_x notanumber", "<html>"])
def test_what_is_no_metrics_page_is_refused(text: str):
    with pytest.raises(ValueError):
        read_page(text, 1.0)
