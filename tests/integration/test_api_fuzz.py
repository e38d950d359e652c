"""The API under its own OpenAPI document: whatever the document allows is answered as it says, and nothing breaks."""

import os
import threading
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi import checks

from dashboard.access import KeyStore, Role
from dashboard.models.alarm_book import AlarmBook
from dashboard.models.drift_alarms import Alarm, Raised
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment, seed

# Of each operation, once with made-up ids and once with those of something; more take as many times longer.
EXAMPLES = int(os.environ.get("TELLTALE_FUZZ_EXAMPLES", "12"))
# It lives until the caller has enough; other tests read it.
ENDLESS = "/v1/verdicts/stream"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.ignored_auth,
]
load_all_checks()


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[httpx.Client]:
    """An API that can do everything and has something of every kind, and a key that may."""
    deployment = Deployment.make(tmp_path / "fuzzed")
    seed(deployment)
    shifted = Raised(subject="telltale", alarm=Alarm.SHIFTED, figures={"now": 250, "before": 250, "stability": 0.4})
    AlarmBook(deployment.writer._engine).update([shifted], now_s=10.0)
    key = KeyStore(deployment.writer._engine).create("fuzzer", Role.OPERATOR)
    settings = settings_of(deployment, webhook_private_targets=True, kafka_bootstrap_servers="127.0.0.1:9")
    with serving(settings, settle=lambda *_: None) as address, client_of(address, key) as api:
        yield api


def known_places(api: httpx.Client) -> dict[str, str | int]:
    """Values of path parameters that name something."""
    hook = api.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "after": 0}).json()["webhook_id"]
    deliveries: list[dict[str, str]] = []
    while not deliveries:
        deliveries = api.get(f"/v1/webhooks/{hook}/deliveries").json()["deliveries"]
    media_id = api.get("/v1/items", params={"sort": "strongest"}).json()["items"][0]["media_id"]
    heat_map, pause = f"/v1/items/{media_id}/evidence/0/heat-map", threading.Event()
    api.post(heat_map).raise_for_status()
    while api.get(heat_map).raise_for_status().status_code == 202:
        pause.wait(0.2)
    return {
        "media_id": media_id,
        "dead_letter_id": api.get("/v1/dead-letters").json()["dead_letters"][0]["dead_letter_id"],
        "alarm_id": api.get("/v1/drift/alarms").json()["alarms"][0]["alarm_id"],
        "webhook_id": hook,
        "delivery_id": deliveries[0]["delivery_id"],
        "name": "telltale",
        "number": 0,
    }


def spare_places(api: httpx.Client) -> dict[str, str | int]:
    """Values of path parameters that name something which nobody else needs."""
    return {
        "media_id": api.get("/v1/items", params={"q": "harbour"}).json()["items"][0]["media_id"],
        "webhook_id": api.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/"}).json()["webhook_id"],
    }


def test_every_answer_is_one_that_the_document_promises(fuzzed: httpx.Client):
    schema = schemathesis.openapi.from_url(f"{fuzzed.base_url}/openapi.json").exclude(path=ENDLESS)
    known, spare = known_places(fuzzed), spare_places(fuzzed)
    broken: dict[str, str] = {}
    statuses: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            headers = {"Authorization": fuzzed.headers["authorization"]}
            removes = operation.method.upper() == "DELETE"
            seen = fuzz(operation, {}, headers) | fuzz(operation, spare if removes else known, headers)
            statuses[operation.label] = seen
        except Exception as why:
            broken[operation.label] = "".join(traceback.format_exception(why))[-3_000:]
    assert not broken, "\n\n".join(f"{label}: {why}" for label, why in broken.items())
    # Whatever can succeed did, so that its answer was held against its schema too.
    unmet = {label for label, seen in statuses.items() if min(seen) >= 300}
    assert unmet <= {"POST /v1/webhooks"}
    assert len(statuses) >= 35


def fuzz(operation: schemathesis.APIOperation, known: Mapping[str, str | int], headers: dict[str, str]) -> set[int]:
    """Send examples of one operation, with path parameters that name something where there are; statuses leave."""
    seen: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def run(case: schemathesis.Case) -> None:
        if known:
            case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        seen.add(case.call_and_validate(headers=headers, checks=CHECKS, timeout=30).status_code)

    run()
    return seen
