"""No container is root, gains privileges, keeps capabilities, or is reached from outside without a word."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = [name for name, body in SERVICES.items() if "telltale:" in body.get("image", "")]
# Its start script writes its configuration into its own file system.
WRITES_INTO_ITS_ROOT = {"kafka"}
ENDS_BY_ITSELF = {"topics", "buckets"}
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_is_root_or_can_become_it(name: str):
    body = SERVICES[name]
    assert str(body["user"]).split(":")[0] not in {"0", "root", ""}
    assert body["cap_drop"] == ["ALL"]
    assert not body.get("cap_add")
    assert not body.get("privileged")
    assert "no-new-privileges:true" in body["security_opt"]
    assert body["pids_limit"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - WRITES_INTO_ITS_ROOT))
def test_nothing_writes_outside_its_volumes(name: str):
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_the_host_is_mounted_that_could_be_written(name: str):
    for volume in SERVICES[name].get("volumes", ()):
        source, *rest = volume.split(":")
        assert not source.startswith(("/", "~"))
        assert "docker.sock" not in source
        assert not source.startswith(".") or rest[-1] == "ro", volume
    for space in ("pid", "ipc", "network_mode", "userns_mode"):
        assert SERVICES[name].get(space) not in {"host"}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name: str):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ENDS_BY_ITSELF))
def test_every_lasting_service_is_asked_how_it_is(name: str):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_outside(name: str):
    for variable, value in (SERVICES[name].get("environment") or {}).items():
        if re.search(r"SECRET|PASSWORD|ACCESS_KEY", variable) and not variable.endswith("_FILE"):
            assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), f"{variable} has a value of its own"


@pytest.mark.parametrize("name", SERVICES)
def test_images_have_versions(name: str):
    image = SERVICES[name]["image"]
    assert re.search(r":(\$\{TELLTALE_VERSION:-)?v?\d+\.\d+", image), image


def test_the_image_ends_as_somebody_without_rights():
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]
    after = DOCKERFILE.split("USER 10001:10001")[1]
    assert not re.search(r"^(RUN|COPY|ADD) ", after, re.MULTILINE)
    assert "useradd --create-home --uid 10001 telltale" in DOCKERFILE
    assert "HEALTHCHECK" in after


def test_the_image_copies_what_it_names_and_no_secrets():
    copied = re.findall(r"^COPY (?:--\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert "." not in sources
    assert not {source for source in sources if ".env" in source or "secret" in source}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ".env" in ignored
