"""The samples of docs/api.md do what they say, against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.access import KeyStore, Role
from dashboard.api.webhook_signing import new_secret, signed_headers
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment, seed

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def samples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_samples_run(tmp_path: Path):
    deployment = Deployment.make(tmp_path / "home")
    uploads = seed(deployment)
    key = KeyStore(deployment.writer._engine).create("desk", Role.OPERATOR)
    file = tmp_path / "astronaut.jpg"
    file.write_bytes(deployment.picture())
    settings = settings_of(deployment, webhook_private_targets=True, detectors="telltale,mesonet")
    with serving(settings) as address, client_of(address, key) as api:
        env = {**os.environ, "API": address, "KEY": key, "FILE": str(file), "RECEIVER": "http://127.0.0.1:9/"}
        for sample in samples("bash"):
            argv = ["bash", "-euo", "pipefail", "-c", sample]
            done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
            assert done.returncode == 0, (sample, done.stdout, done.stderr)
            assert done.stdout
        asking = subprocess.run(
            [sys.executable, "-c", samples("python")[0]],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert asking.stdout.startswith("likely_manipulated"), asking.stderr
        assert [one["url"] for one in api.get("/v1/webhooks").json()] == ["http://127.0.0.1:9/"]
        stored = [one.key for one in deployment.bucket.list("uploads/")]
        assert any(one.endswith("/astronaut.jpg") for one in stored)
        assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert uploads


def test_the_receivers_check_of_the_page_knows_ours_from_others(monkeypatch: pytest.MonkeyPatch):
    known: dict = {}
    exec(samples("python")[1], known)
    secret, body = new_secret(), b'{"type": "verdict.event"}'
    headers = signed_headers(secret, "msg-1", body, now_s=known["time"].time())
    assert known["is_ours"](secret, headers, body)
    assert not known["is_ours"](new_secret(), headers, body)
    assert not known["is_ours"](secret, headers, body + b" ")
    assert not known["is_ours"](secret, {**headers, "webhook-timestamp": "1"}, body)


def test_every_operation_of_the_page_is_in_the_document(tmp_path: Path):
    from dashboard.api.app import create_app

    app = create_app(settings_of(Deployment.make(tmp_path / "home")), deliver=False)
    paths = set(app.openapi()["paths"])
    named = set(re.findall(r"`(?:GET|POST) (/v1/[^`?…]+)", PAGE.read_text(encoding="utf-8")))
    assert {path.replace("ID/", "{webhook_id}/") for path in named} <= paths
    assert named
    app.state.context.close()
