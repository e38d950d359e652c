"""The real API with keys and a webhook whose receiver fails: neither its log nor its answers give a secret away."""

import os
import sys
from pathlib import Path

import httpx

from dashboard.access import KeyStore, Role
from dashboard.read_model import open_engine
from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.children import wait_until
from tests.support.parts import ROOT
from tests.support.read_models import Deployment
from tests.support.sick_server import refuses_with, sick_server
from tests.support.verdicts import a_verdict


def test_keys_and_webhook_secrets_stay_with_whoever_has_them(tmp_path: Path):
    deployment = Deployment.make(tmp_path / "deployment")
    key = KeyStore(open_engine(f"sqlite:///{deployment.home / 'read_model.sqlite'}")).create("desk", Role.OPERATOR)
    port, log = free_port(), tmp_path / "api.log"
    env = os.environ | deployment.environment
    env |= {"TELLTALE_WEBHOOK_PRIVATE_TARGETS": "1", "TELLTALE_LOG_LEVEL": "debug", "TELLTALE_LOG_FORMAT": "json"}
    argv = [sys.executable, "-m", "telltale", "api", "--address", "0.0.0.0", "--port", str(port)]
    said: list[str] = []
    with sick_server(refuses_with(500, "InternalError")) as receiver:
        child = start_child(argv, env=env, log=log, cwd=ROOT)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as nobody:
                wait_until(lambda: child.poll() is not None or is_up(nobody), timeout_s=90.0)
                wrong = nobody.get("/v1/items", headers={"Authorization": f"Bearer {key[:-2]}xx"})
                assert wrong.status_code == 401
                said += [wrong.text, nobody.get("/v1/items", headers={"Authorization": "Basic cGxhbnRlZDpwYXNz"}).text]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as desk:
                desk.headers["Authorization"] = f"Bearer {key}"
                made = desk.post("/v1/webhooks", json={"url": f"{receiver}/hook"})
                assert made.status_code == 201, made.text
                secret = made.json()["secret"]
                deployment.tell(a_verdict())
                wait_until(lambda: "webhook_failed" in log.read_text(), timeout_s=60.0)
                said += [desk.get("/v1/webhooks").text, desk.get("/metrics").text]
                place = made.json()["webhook_id"]
                said += [desk.get(f"/v1/webhooks/{place}/deliveries").text]
        finally:
            stop_child(child, grace_s=15.0)
    leftovers = log.read_text() + "".join(said)
    assert "webhook_failed" in leftovers
    for planted in (key, key.split("_", 2)[2][:-2], secret, secret.removeprefix("whsec_"), "cGxhbnRlZDpwYXNz"):
        assert planted not in leftovers


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code < 500
    except httpx.HTTPError:
        return False
