"""Real commands and stages with planted secrets are driven into failures; whatever they leave behind holds none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dashboard.operations.health_reports import diagnostics, reports
from dashboard.read_model import open_engine
from ingest.redaction import HIDDEN
from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.children import wait_until
from tests.support.http_files import serving
from tests.support.parts import ROOT
from tests.support.sick_server import refuses_with, sick_server

KAFKA, AWS, SESSION, DATABASE = "pl4nted-Kafka-pw", "pl4nted+Aws/Secret", "pl4nted-Session", "pl4nted-Database-pw"
SIGNATURE = "pl4ntedsignature0123456789abcdef"
PLANTED = (KAFKA, AWS, SESSION, DATABASE, SIGNATURE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Every secret is in it, every server is away, and everything is said that can be."""
    return os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
        "TELLTALE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "TELLTALE_KAFKA_USERNAME": "telltale",
        "TELLTALE_KAFKA_PASSWORD": KAFKA,
        "AWS_ACCESS_KEY_ID": "AKIAPLANTED",
        "AWS_SECRET_ACCESS_KEY": AWS,
        "AWS_SESSION_TOKEN": SESSION,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "TELLTALE_READ_MODEL_URL": f"postgresql+psycopg://me:{DATABASE}@127.0.0.1:{free_port()}/telltale",
        "TELLTALE_BUCKET": "s3://incoming",
        "TELLTALE_WORK_BUCKET": str(tmp_path / "work"),
        "TELLTALE_HOME": str(tmp_path / "home"),
        "TELLTALE_LOG_LEVEL": "debug",
        "TELLTALE_DEBUG": "1",
    }


def assert_silent_about_secrets(said: str, folder: Path) -> None:
    assert not [secret for secret in PLANTED if secret in said], said
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [secret for secret in PLANTED if secret.encode() in content], file


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_stage_in_trouble(environment: dict[str, str], tmp_path: Path, log_format: str):
    port, log = free_port(), tmp_path / "ingest.log"
    with sick_server(refuses_with(403, "SignatureDoesNotMatch")) as store:
        env = environment | {"AWS_ENDPOINT_URL": store, "TELLTALE_METRICS_PORT": str(port)}
        env |= {"TELLTALE_LOG_FORMAT": log_format, "TELLTALE_NOTIFICATIONS_DIALECT": "none"}
        child = start_child([sys.executable, "-m", "ingest"], env=env, log=log, cwd=ROOT)
        try:
            wait_until(lambda: "ingest_waits" in log.read_text() or child.poll() is not None, timeout_s=90.0)
            page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        finally:
            stop_child(child, grace_s=30.0)
    assert "does not let these credentials" in log.read_text()
    assert "telltale_events_total" in page
    assert_silent_about_secrets(page, tmp_path)


def test_a_projector_whose_database_is_away(environment: dict[str, str], tmp_path: Path):
    log = tmp_path / "project.log"
    child = start_child([sys.executable, "-m", "dashboard"], env=environment, log=log, cwd=ROOT)
    try:
        wait_until(lambda: "onnection" in log.read_text() or child.poll() is not None, timeout_s=90.0)
    finally:
        child.send_signal(signal.SIGTERM)
        stop_child(child, grace_s=30.0)
    assert "127.0.0.1" in log.read_text()
    assert_silent_about_secrets("", tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["reconcile", "--bucket", "s3://incoming"],
        ["keys", "create", "--role", "viewer", "--name", "a"],
        ["dead-letters", "list"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_fails(environment: dict[str, str], tmp_path: Path, words: list[str]):
    failed = telltale(words, environment)
    assert failed.returncode == 1, failed.stderr
    assert "telltale:" in failed.stderr
    assert_silent_about_secrets(failed.stdout + failed.stderr, tmp_path)


def test_a_health_report(environment: dict[str, str], tmp_path: Path):
    """The read model of this one is a file below the folder, so that all that was recorded is looked through."""
    env = environment | {"TELLTALE_READ_MODEL_URL": "", "AWS_ENDPOINT_URL": f"http://me:{DATABASE}@127.0.0.1:1"}
    done = telltale(["doctor", "--record", "--home", str(tmp_path / "home")], env)
    assert done.returncode == 1, done.stderr
    (report,) = reports(open_engine(f"sqlite:///{tmp_path / 'home' / 'read_model.sqlite'}"))
    told = {entry.name: entry for entry in report.entries}
    assert told["TELLTALE_KAFKA_PASSWORD"].found == told["AWS_SECRET_ACCESS_KEY"].found == HIDDEN
    assert told["Kafka"].state == told["bucket"].state == "missing"
    assert_silent_about_secrets(done.stdout + done.stderr + diagnostics(report), tmp_path)


def test_weights_behind_a_presigned_address(environment: dict[str, str], tmp_path: Path):
    query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAPLANTED&X-Amz-Signature={SIGNATURE}"
    with serving({"other.h5": b""}) as server:
        failed = telltale(["detectors", "fetch", "mesonet", f"{server.address}Meso4_DF.h5?{query}"], environment)
    assert failed.returncode == 1, failed.stderr
    assert_silent_about_secrets(failed.stdout + failed.stderr, tmp_path)


def telltale(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "telltale", *words]
    return subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
