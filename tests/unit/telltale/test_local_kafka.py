"""What a local Kafka needs before it starts, and what is said where a part is missing."""

import socket
from pathlib import Path

import pytest

from telltale import kafka_jars, local_kafka
from telltale.errors import MissingPart


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path / "bin"


def a_program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_missing_java_is_one_sentence_with_the_ways_out(empty_machine: Path):
    with pytest.raises(MissingPart, match=r"needs Java.*Install a Java runtime 17.*KAFKA_BOOTSTRAP_SERVERS"):
        local_kafka.require_java()


def test_a_missing_maven_is_one_sentence_with_the_ways_out(empty_machine: Path, tmp_path: Path):
    with pytest.raises(MissingPart, match=r"no mvn on PATH.*Install.*KAFKA_BOOTSTRAP_SERVERS"):
        kafka_jars.fetch_jars(tmp_path / "libs")


@pytest.mark.parametrize(
    ("said", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ('openjdk version "25" 2025', 25)],
)
def test_the_version_of_java_is_read_from_what_it_says(empty_machine: Path, said: str, version: int):
    a_program(empty_machine, "java", f"echo '{said}' >&2")
    assert local_kafka.java_version() == version


def test_an_old_java_is_refused_with_its_number(empty_machine: Path):
    a_program(empty_machine, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(MissingPart, match="17 or newer, and this one is 11"):
        local_kafka.require_java()


def test_what_maven_complains_of_is_passed_on(empty_machine: Path, tmp_path: Path):
    a_program(empty_machine, "mvn", "echo '[INFO] x'; echo '[ERROR] Network is unreachable'; exit 1")
    with pytest.raises(MissingPart, match="Network is unreachable"):
        kafka_jars.fetch_jars(tmp_path / "libs")
    assert not kafka_jars.has_jars(tmp_path / "libs")


def test_jars_that_are_there_are_not_fetched_again(empty_machine: Path, tmp_path: Path):
    for name in kafka_jars._JARS_THAT_MUST_BE_THERE:
        (tmp_path / name).touch()
    kafka_jars.fetch_jars(tmp_path)


def test_a_taken_port_is_not_handed_out():
    with socket.socket() as taken:
        taken.bind((local_kafka.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert local_kafka.free_port(port) not in (port, 0)
    assert local_kafka.free_port(port) == port


def test_nobody_answers_on_a_free_port():
    assert not local_kafka.answers(f"{local_kafka.LOOPBACK}:{local_kafka.free_port()}", timeout_s=0.5)


def test_no_repository_is_named_in_the_pom():
    pom = Path(kafka_jars.__file__).with_name("kafka_pom.xml").read_text()
    assert "<version>4.1.0</version>" in pom
    assert "repositor" not in pom.lower()
