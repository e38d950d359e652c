"""Each part is found good, lacking or missing, and what is not good comes with what to do."""

from pathlib import Path

import pytest

from telltale import doctor
from telltale.doctor import Finding
from telltale.local_kafka import LOOPBACK, free_port


@pytest.mark.parametrize(
    ("version", "finding"),
    [
        ((3, 11, 2), Finding.GOOD),
        ((3, 12, 0), Finding.GOOD),
        ((3, 10, 9), Finding.MISSING),
        ((3, 13, 0), Finding.MISSING),
    ],
)
def test_python_is_one_that_was_tested(version: tuple[int, int, int], finding: Finding):
    check = doctor.python_check(version)
    assert check.finding is finding
    assert bool(check.do) is (finding is Finding.MISSING)


def test_a_kafka_that_does_not_answer_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"{LOOPBACK}:{free_port()}")
    (check,) = doctor.kafka_checks(tmp_path)
    assert check.finding is Finding.MISSING
    assert "KAFKA_BOOTSTRAP_SERVERS" in check.do


def test_without_java_and_maven_the_ways_out_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("TELLTALE_KAFKA_LIBS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = list(doctor.kafka_checks(tmp_path))
    assert [(check.part, check.finding) for check in checks] == [("Java", Finding.MISSING), ("Kafka", Finding.MISSING)]
    assert all("KAFKA_BOOTSTRAP_SERVERS" in check.do for check in checks)


def test_a_folder_that_can_be_written_is_a_good_bucket_and_stays_empty(tmp_path: Path):
    check = doctor.bucket_check(str(tmp_path / "bucket"), tmp_path / "home")
    assert check.finding is Finding.GOOD
    assert list((tmp_path / "bucket").iterdir()) == []


def test_a_file_is_no_bucket(tmp_path: Path):
    (tmp_path / "file").touch()
    check = doctor.bucket_check(str(tmp_path / "file"), tmp_path / "home")
    assert (check.finding, check.do) == (Finding.MISSING, "Choose a folder that you may write to.")


def test_a_detector_without_weights_is_lacking_and_the_command_that_mends_it_is_named(tmp_path: Path):
    checks = {check.part: check for check in doctor.detector_checks("mesonet", tmp_path)}
    assert checks["detector mesonet"].finding is Finding.MISSING
    assert "telltale detectors fetch mesonet" in checks["detector mesonet"].do


def test_a_missing_part_makes_the_command_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"{LOOPBACK}:{free_port()}")
    assert doctor.run(home=tmp_path / "home", bucket=None, detectors="mesonet") == 1
    said = capsys.readouterr().out
    assert "✗ Kafka" in said
    assert "→ Start it, correct KAFKA_BOOTSTRAP_SERVERS" in said
