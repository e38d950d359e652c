"""Choices become children with complete environments."""

import dataclasses
import socket
import sys
from pathlib import Path

import pytest

import detectors as registry
from contracts.settings import EVERY_SETTINGS
from dashboard.custody.settings import CustodySettings
from telltale.deployment import STAGES, Deployment, bucket_of, dashboard_port_of, detectors_of
from telltale.errors import CommandFailed
from telltale.local_kafka import LOOPBACK

KNOWN = {
    f"TELLTALE_{field.upper()}" for settings in (*EVERY_SETTINGS, CustodySettings) for field in settings.model_fields
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KNOWN:
        monkeypatch.delenv(variable, raising=False)


def a_deployment(home: Path, *, bucket: str = "s3://incoming", dashboard_port: int | None = None) -> Deployment:
    return Deployment(
        home=home,
        bucket=bucket,
        detectors="telltale",
        notifications_topic="bucket.notifications",
        dashboard_port=dashboard_port,
    )


def test_every_stage_is_a_child_with_a_metrics_page_of_its_own(tmp_path: Path):
    deployment = a_deployment(tmp_path)
    *children, reconcile, expire, doctor = deployment.children("127.0.0.1:9")
    assert [child.name for child in children] == list(STAGES)
    assert reconcile.argv[3:] == (
        *("reconcile", "--home", str(tmp_path), "--bucket", deployment.bucket, "--emit", "--every", "600"),
    )
    assert expire.argv[3:] == (*("expire", "--home", str(tmp_path), "--bucket", deployment.bucket, "--every", "3600"),)
    places = ("--home", str(tmp_path), "--bucket", deployment.bucket)
    assert doctor.argv[3:] == ("doctor", *places, "--record", "--every", "300")
    ports = {child.env["TELLTALE_METRICS_PORT"] for child in children}
    assert len(ports) == len(children)
    assert deployment.metrics == {
        child.name: f"http://127.0.0.1:{child.env['TELLTALE_METRICS_PORT']}/metrics" for child in children
    }
    assert all(child.argv[:2] == (sys.executable, "-m") for child in children)


def test_timers_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_RECONCILE_INTERVAL_S", "0")
    monkeypatch.setenv("TELLTALE_EXPIRE_INTERVAL_S", "0")
    monkeypatch.setenv("TELLTALE_HEALTH_INTERVAL_S", "0")
    assert [child.name for child in a_deployment(tmp_path).children("127.0.0.1:9")] == list(STAGES)


def test_the_api_is_a_child_of_its_own_where_it_has_a_port(tmp_path: Path):
    deployment = dataclasses.replace(a_deployment(tmp_path), api_port=8777)
    (child,) = [child for child in deployment.children("127.0.0.1:9") if child.name == "api"]
    assert child.argv[3:] == ("api", "--address", "127.0.0.1", "--port", "8777")
    assert deployment.api == "http://127.0.0.1:8777"
    assert "api" not in [child.name for child in a_deployment(tmp_path).children("127.0.0.1:9")]


def test_children_get_settings_that_exist_and_the_rest_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TELLTALE_KAFKA_LIBS", raising=False)  # the Makefile's; it is for this process, not for stages
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:7070")
    monkeypatch.setenv("TELLTALE_GRACE_S", "5")
    child = a_deployment(tmp_path).children("127.0.0.1:9")[0]
    assert {name for name in child.env if name.startswith("TELLTALE_")} <= KNOWN
    assert child.env["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9"
    assert child.env["TELLTALE_BUCKET"] == "s3://incoming"
    assert child.env["TELLTALE_WORK_BUCKET"] == str(tmp_path / "work")
    assert child.env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:7070"
    assert child.env["TELLTALE_GRACE_S"] == "5"


def test_everything_is_logged_and_run_under_home(tmp_path: Path):
    for child in a_deployment(tmp_path).children("127.0.0.1:9"):
        assert child.cwd == tmp_path
        assert child.log == tmp_path / "logs" / f"{child.name}.log"


def test_the_bucket_is_what_was_asked_for_or_a_folder_under_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    assert bucket_of(None, home) == str(home / "bucket")
    assert bucket_of("s3://incoming/in", home) == "s3://incoming/in"
    monkeypatch.chdir(tmp_path)
    assert bucket_of("drop here", home) == str(tmp_path / "drop here")
    monkeypatch.setenv("TELLTALE_BUCKET", "s3://from-the-environment")
    assert bucket_of(None, home) == "s3://from-the-environment"


@pytest.mark.parametrize("inside", ["home", "home/in/it"])
def test_a_bucket_may_not_hold_the_home_folder(tmp_path: Path, inside: str):
    with pytest.raises(CommandFailed, match="must not lie inside"):
        bucket_of(str(tmp_path), tmp_path / inside)


def test_a_taken_dashboard_port_is_refused_when_it_was_asked_for():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        with pytest.raises(CommandFailed, match="is taken"):
            dashboard_port_of(taken.getsockname()[1])


def test_all_is_every_registered_detector():
    assert detectors_of("all") == ",".join(registry.names())
    assert {"mesonet", "telltale"} < set(detectors_of("all").split(","))


def test_random_weights_reach_every_stage_and_the_untrained_are_named(tmp_path: Path):
    usual = a_deployment(tmp_path)
    assert usual.environment("127.0.0.1:9")["TELLTALE_ALLOW_UNTRAINED"] == "false"
    assert usual.untrained == ()
    random = dataclasses.replace(usual, detectors="telltale,mesonet", random_weights=True)
    assert all(child.env["TELLTALE_ALLOW_UNTRAINED"] == "true" for child in random.children("127.0.0.1:9"))
    assert random.untrained == ("mesonet",)


def test_detector_names_are_checked_before_anything_starts():
    assert detectors_of("telltale, mesonet") == "telltale,mesonet"
    assert detectors_of(None) == "telltale,mesonet"
    for wrong in ("telltale,nobody", " , "):
        with pytest.raises(CommandFailed, match=r"known: .*mesonet, .*telltale"):
            detectors_of(wrong)
