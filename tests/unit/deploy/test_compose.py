"""What the compose file says to the processes is what the processes understand."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from contracts.settings import EVERY_SETTINGS
from contracts.vocabulary import Stage
from dashboard.operations.health_reports import Entry, Finding, Kind, Report, keep
from dashboard.operations.stage_tiles import stage_of
from dashboard.operations.watching import targets_of
from dashboard.read_model import open_engine

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: body for name, body in SERVICES.items() if "telltale:" in body.get("image", "") and name != "buckets"}
WITHOUT_METRICS = {"topics", "dashboard", "doctor"}
KNOWN = {f"TELLTALE_{field.upper()}" for settings in EVERY_SETTINGS for field in settings.model_fields}


def test_every_stage_is_a_service_of_its_own():
    stages = {"ingest", "extract", "detect-telltale", "detect-mesonet", "aggregate", "project", "dashboard"}
    assert stages | {"kafka", "s3", "prometheus"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_known_setting(name: str):
    ours = {variable for variable in OURS[name]["environment"] if variable.startswith("TELLTALE_")}
    assert ours <= KNOWN


@pytest.mark.parametrize("name", OURS)
def test_every_value_is_accepted_by_the_settings(name: str, monkeypatch: pytest.MonkeyPatch):
    for variable, value in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+(:[-?]([^}]*))?\}", r"\2", value))
    for settings in EVERY_SETTINGS:
        settings()


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_an_entry_point(name: str):
    command = OURS[name]["command"]
    if command[:2] == ["python", "-m"]:
        entry = [sys.executable, *command[1:]]
    else:
        assert command[0] == "telltale"
        entry = [sys.executable, "-m", "telltale", *command[1:]]
    helped = subprocess.run([*entry, "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert helped.returncode == 0, helped.stderr


def test_the_notification_topic_has_one_name():
    said = OURS["ingest"]["environment"]["TELLTALE_NOTIFICATIONS_TOPIC"]
    assert f"--event-kafka-topic={said}" in SERVICES["s3"]["command"]


def test_prometheus_scrapes_every_stage_with_a_metrics_page():
    scrape = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text())
    targets = scrape["scrape_configs"][0]["static_configs"][0]["targets"]
    port = OURS["ingest"]["environment"]["TELLTALE_METRICS_PORT"]
    assert set(targets) == {f"{name}:{port}" for name in OURS if name not in WITHOUT_METRICS}


def test_the_pages_keep_an_eye_on_every_stage_by_its_name():
    targets = targets_of(OURS["project"]["environment"]["TELLTALE_METRICS_TARGETS"])
    watched = {name: name for name in OURS if name not in WITHOUT_METRICS} | {"project": "127.0.0.1"}
    port = OURS["ingest"]["environment"]["TELLTALE_METRICS_PORT"]
    assert targets == {name: f"http://{host}:{port}/metrics" for name, host in watched.items()}
    assert {stage_of(name) for name in targets} == {*Stage, "api"}


@pytest.mark.parametrize(("age_s", "is_well"), [(10.0, True), (1_000.0, False), (None, False)])
def test_the_doctor_is_well_while_its_report_is_fresh(tmp_path: Path, age_s: float | None, is_well: bool):
    if age_s is not None:
        engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
        part = Entry(kind=Kind.PART, name="Python", state=Finding.GOOD, found="3.11")
        keep(engine, Report(place="telltale", at_s=time.time() - age_s, every_s=300.0, entries=(part,)))
        engine.dispose()
    asks, *check = SERVICES["doctor"]["healthcheck"]["test"]
    assert (asks, check[0]) == ("CMD", "python")
    asked = subprocess.run(
        [sys.executable, *check[1:]],
        cwd=ROOT,
        env=os.environ | {"TELLTALE_HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (asked.returncode == 0) is is_well


def test_volumes_are_declared():
    mounted = {volume.split(":")[0] for body in SERVICES.values() for volume in body.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_image_installs_versions_that_were_tested():
    tested = pins(ROOT / "requirements.lock")
    image = pins(ROOT / "deploy/docker/requirements.lock")
    assert image
    assert image.items() <= tested.items()


def pins(lock: Path) -> dict[str, str]:
    lines = (line.split("==") for line in lock.read_text().splitlines() if "==" in line and not line.startswith("#"))
    return {name.strip(): version.strip() for name, version in lines}


def test_no_lock_names_a_registry():
    for lock in (ROOT / "requirements.lock", ROOT / "deploy/docker/requirements.lock"):
        assert "://" not in lock.read_text()
