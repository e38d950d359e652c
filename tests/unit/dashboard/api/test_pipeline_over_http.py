"""The pipeline over HTTP: rates, times, lag and waits of every process, as the pages of operators show them."""

import time

import pytest

from dashboard.operations.metric_pages import Look, Series
from dashboard.operations.samples import Failure, Samples
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment


def a_look(at_s: float, done: float) -> Look:
    """A process of the stage detect after ``done`` messages of at most a second each; 7 wait."""
    stage, lag = ("stage", "detect"), (("group", "telltale.detect.mesonet"), ("topic", "crops.mesonet.v1"))
    return Look(
        at_s,
        {
            Series("telltale_events_total", (("outcome", "done"), stage)): done,
            Series("telltale_stage_seconds_bucket", (("le", "1.0"), stage)): done,
            Series("telltale_stage_seconds_bucket", (("le", "+Inf"), stage)): done,
            Series("telltale_consumer_lag_messages", lag): 7.0,
            Series("process_resident_memory_bytes"): 64.0 * 2**20,
        },
    )


def waits(at_s: float, done: float) -> Look:
    edges = ((name, le) for name in ("provisional", "final") for le in ("10.0", "+Inf"))
    bucket = "telltale_end_to_end_seconds_bucket"
    return Look(at_s, {Series(bucket, (("le", le), ("lifecycle", name))): done for name, le in edges})


def test_rates_lag_and_waits_are_told(own: Deployment):
    samples, now_s = Samples(own.writer._engine), time.time()
    for ago_s in (600.0, 0.0):
        samples.add("detect-mesonet", a_look(now_s - ago_s, 300.0 - ago_s / 2))
        samples.add("aggregate", waits(now_s - ago_s, 60.0 - ago_s / 10))
    samples.add("extract", Failure(now_s, "ConnectionRefusedError: nobody listens"))
    with serving(settings_of(own)) as address, client_of(address) as api:
        told = api.get("/v1/pipeline").raise_for_status().json()
    extract, detect, aggregate = told["processes"]
    assert (extract["process"], extract["health"], extract["per_minute"]) == ("extract", "does not answer", None)
    assert (detect["process"], detect["health"], aggregate["process"]) == ("detect-mesonet", "working", "aggregate")
    assert (detect["per_minute"], detect["p50_s"], detect["p95_s"]) == pytest.approx((30.0, 0.5, 0.95), rel=1e-3)
    assert (detect["waiting"], detect["lag"], detect["memory_mib"]) == (7.0, {"telltale.detect.mesonet": 7.0}, 64.0)
    assert told["queues"] == [{"group": "telltale.detect.mesonet", "topic": "crops.mesonet.v1", "waiting": 7.0}]
    assert told["arrival_to"] == {"provisional_s": 5.0, "final_s": 5.0}


def test_what_nobody_measured_is_null(own: Deployment):
    with serving(settings_of(own)) as address, client_of(address) as api:
        told = api.get("/v1/pipeline").raise_for_status().json()
    assert (told["processes"], told["queues"]) == ([], [])
    assert told["arrival_to"] == {"provisional_s": None, "final_s": None}
