"""Metric names are a closed list with meanings; trace ids follow W3C trace context."""

import re
from typing import get_args

import pytest

from contracts.telemetry import METRICS, MetricName, new_traceparent, trace_id_of


def test_every_name_has_a_meaning_and_every_meaning_a_name():
    assert set(METRICS) == set(get_args(MetricName))
    assert all(metric.meaning for metric in METRICS.values())


@pytest.mark.parametrize("name", METRICS)
def test_names_follow_the_rules_of_prometheus(name: str):
    metric = METRICS[name]  # type: ignore[index]
    assert re.fullmatch(r"telltale_[a-z_]+", name)
    assert name.endswith("_total") == (metric.kind == "counter")
    assert "media_id" not in metric.labels


def test_a_trace_id_is_read_from_text_and_bytes():
    value = new_traceparent()
    assert trace_id_of({"traceparent": value}) == trace_id_of({"traceparent": value.encode()}) == value[3:35]


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}, {"traceparent": b"\xff"}])
def test_no_trace_is_invented(headers):
    assert trace_id_of(headers) is None
