"""A scan has an answer for every file, whatever is in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import DetectorStatus, Verdict
from ingest import sample_media
from ingest.telemetry import metric
from telltale.outcomes import Outcome, as_object
from telltale.scan import Scanner
from tests.support.parts import MEDIA, ROOT

pytestmark = pytest.mark.timeout(600)


def scan(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telltale", "scan", *arguments, "--home", str(home)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )


def objects(text: str) -> dict[str, dict[str, Any]]:
    return {Path(body["path"]).name: body for body in map(json.loads, text.splitlines())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan") / "media"
    genuine = sample_media.make_all(folder)[sample_media.GENUINE].read_bytes()
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no video.\n" * 100)
    (folder / "truncated.mp4").write_bytes(genuine[: len(genuine) // 2])
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, dict[str, Any]]:
    done = scan(str(folder), "--json", home=folder.parent / "home")
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


def test_every_file_gets_an_object_with_a_typed_outcome(folder: Path, said: dict[str, dict[str, Any]]):
    assert sorted(said) == sorted(file.name for file in folder.iterdir())
    for body in said.values():
        assert len(body["media_id"]) == 32
        assert body["verdict"] in set(Verdict)
        assert body["lifecycle"] == "final"
        assert {d["name"] for d in body["detectors"]} == {"telltale", "mesonet"}


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("empty.mp4", {"unsupported_format", "decode_error"}),
        ("text.mp4", {"unsupported_format"}),
        (sample_media.CORRUPT, {"unsupported_format", "decode_error"}),
        ("truncated.mp4", {"decode_error"}),
        (sample_media.NO_FACE, {"no_face"}),
    ],
)
def test_what_cannot_be_assessed_has_a_reason_and_advice_and_no_number(
    said: dict[str, dict[str, Any]], name: str, reasons: set[str]
):
    body = said[name]
    assert set(body["reasons"]) & reasons
    assert all(body["advice"])
    assert body["sentence"]
    if body["verdict"] == "not_assessed":
        assert body["probability"] is None
        assert [d["raw"] for d in body["detectors"]] == [None, None]


def test_the_demo_clips_are_told_apart(said: dict[str, dict[str, Any]]):
    raw = {name: {d["name"]: d["raw"] for d in said[name]["detectors"]}["telltale"] for name in said}
    assert raw[sample_media.SWAPPED] > raw[sample_media.GENUINE]
    assert said[sample_media.SWAPPED]["verdict"] in ("likely_manipulated", "some_evidence")
    assert said[sample_media.GENUINE]["verdict"] not in ("likely_manipulated", "not_assessed")
    assert said[sample_media.PICTURE]["verdict"] not in ("likely_manipulated", "not_assessed")


def test_people_get_a_table(folder: Path):
    done = scan(str(folder / "text.mp4"), str(folder / "empty.mp4"), home=folder.parent / "home")
    assert done.returncode == 0, done.stderr
    assert "text.mp4" in done.stdout
    assert "Not assessed" in done.stdout


@pytest.mark.media
def test_real_clips_get_one_object_each(tmp_path: Path):
    done = scan(f"{MEDIA}/real/*.mp4", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(objects(done.stdout)) == sorted(file.name for file in (MEDIA / "real").glob("*.mp4"))


@pytest.mark.media
def test_frame_and_sequence_detectors_on_random_weights_share_one_decode(tmp_path: Path):
    """With ours beside them, whose word is that of a scan with ours alone."""
    clip = MEDIA / "real" / "intel-iot-devkit__sample-videos__book.mkv"
    names = ("telltale", "mesonet", "dessa", "medics")
    settings = DetectSettings(device="cpu", allow_untrained=True)
    before = metric("telltale_decoder_runs_total")._value.get()
    with Scanner(names, weights=tmp_path, detect=settings, extract=ExtractSettings(), one_at_a_time=True) as scanner:
        verdict = scanner.judged(clip)
    assert metric("telltale_decoder_runs_total")._value.get() == before + 1
    results = {result.name: result for result in verdict.detectors}
    assert {name for name, result in results.items() if result.untrained} == {"mesonet", "dessa", "medics"}
    assert all(result.status is DetectorStatus.SCORED and result.clips for result in results.values())
    assert results["medics"].clips < results["dessa"].clips
    assert verdict.ensemble.used == ("telltale",)
    assert all(result.calibrated is None for result in results.values() if result.untrained)
    assert "Untrained weights (mesonet, dessa, medics)" in as_object(Outcome(path="book", news=verdict))["sentence"]
