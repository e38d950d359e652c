"""``telltale calibrate`` on tables of scores and on clips: what it writes, what it refuses, and who believes it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import detectors
from detectors.calibration import sigmoid
from detectors.calibration.stored import StoredCalibration, path_of
from detectors.registry import PACKAGE
from detectors.training.configuration import read_config
from stream_processors.members import members_of
from telltale.calibrate import Wish, run
from telltale.calibrate_shown import diagram
from telltale.detector_cards import show
from telltale.errors import CommandFailed


def a_table(to: Path, *, sources: int = 40, remark: str = "", **columns: str) -> Path:
    random = np.random.default_rng(1)
    names = ("path", "label", "source", "raw", *columns)
    with to.open("w", newline="") as file:
        file.write(remark)
        table = csv.writer(file)
        table.writerow(names)
        for number in range(sources):
            for label in ("real", "fake"):
                raw = sigmoid(3.0 * random.normal(0.8 if label == "fake" else -0.8, 1.2) + 1.5)
                row = (f"{label}{number}.mp4", label, f"person {number}", f"{raw:.6f}")
                table.writerow((*row, *columns.values()))
    return to


def wish(folder: Path, **facts) -> Wish:
    return Wish(**{"detector": "telltale", "home": folder / "home", "as_json": True, **facts})


def refusal(manifests: list[str], asked: Wish) -> str:
    with pytest.raises(CommandFailed) as why:
        run(manifests, asked)
    return str(why.value)


def test_a_table_of_scores_becomes_the_calibration_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run([], wish(tmp_path, scores=a_table(tmp_path / "scores.csv")))
    told = json.loads(capsys.readouterr().out)
    weights = tmp_path / "home" / "weights"
    stored = StoredCalibration.model_validate_json(path_of("telltale", weights).read_bytes())
    assert told["calibration"] == stored.calibration.model_dump(mode="json")
    after, before = ({one.name: getattr(one, when) for one in stored.honesty} for when in ("after", "before"))
    assert after["ece"] < before["ece"]
    assert stored.calibration.genuine_identities == 40
    assert stored.lower.limit < stored.upper.limit
    assert stored.upper.measured <= 0.02 < stored.upper.bound
    assert "each judged by a curve fitted without its identity" in stored.thresholds.chosen_by
    (member,) = members_of(["telltale"], weights)
    assert member.calibration == stored.calibration
    assert member.thresholds == (stored.thresholds.lower, stored.thresholds.upper)
    show("telltale", tmp_path / "home", as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["calibration"]["id"] == stored.calibration.id
    assert shown["calibration_from"] == "here"
    assert shown["calibration_expires_at"] == shown["calibration"]["expires_at"]
    show("telltale", tmp_path / "home", as_json=False)
    assert f"to be renewed by {stored.calibration.expires_at.date()}" in " ".join(capsys.readouterr().out.split())


def test_a_dry_run_prints_for_people_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = wish(tmp_path, scores=a_table(tmp_path / "scores.csv"), as_json=False, dry_run=True, method="beta")
    run([], asked)
    printed = capsys.readouterr().out
    assert "LogLoss" in printed
    assert "share of manipulated items" in printed
    assert not (tmp_path / "home").exists()


def test_the_diagram_marks_where_a_bar_should_end():
    from detectors.evaluation.metrics import Bin

    _, under, over = diagram([Bin(said=0.5, seen=0.25, items=8.0), Bin(said=0.25, seen=0.5, items=8.0)])
    assert under.endswith("#" * 10 + " " * 10 + "|")
    assert over.endswith("#" * 10 + "|" + "#" * 9)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"method": "spline"}, "'spline' is no method"),
        ({"false_alarms": "0.02,0.10"}, "two shares"),
        ({"false_alarms": "many"}, "two shares"),
        ({"detector": "mesonet"}, "random weights cannot be calibrated"),
    ],
)
def test_wrong_wishes_are_refused(facts: dict, told: str, tmp_path: Path):
    assert told in refusal([], wish(tmp_path, scores=a_table(tmp_path / "scores.csv"), **facts))


def test_manifests_or_scores_but_not_both(tmp_path: Path):
    assert "either manifests" in refusal([], wish(tmp_path))
    assert "either manifests" in refusal(["m.csv"], wish(tmp_path, scores=a_table(tmp_path / "scores.csv")))


def test_too_few_people_are_refused_with_what_is_missing(tmp_path: Path):
    told = refusal([], wish(tmp_path, scores=a_table(tmp_path / "scores.csv", sources=3)))
    assert "1 more identities of genuine items" in told
    assert not path_of("telltale", tmp_path / "home" / "weights").exists()


def test_scores_of_other_weights_are_refused(tmp_path: Path):
    remark = f"# telltale 1.0.0, weights SHA-256 {'f' * 64}\n"
    told = refusal([], wish(tmp_path, scores=a_table(tmp_path / "scores.csv", remark=remark)))
    assert "made with the weights ffffffff" in told


def test_scores_of_these_weights_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    here = detectors.availability("telltale", tmp_path).weights_sha256
    table = a_table(tmp_path / "scores.csv", remark=f"# telltale 1.0.0, weights SHA-256 {here}\n", detector="telltale")
    run([], wish(tmp_path, scores=table, dry_run=True, method="platt"))
    assert json.loads(capsys.readouterr().out)["calibration"]["weights_sha256"] == here


def test_a_table_with_a_wrong_row_names_it(tmp_path: Path):
    table = a_table(tmp_path / "scores.csv")
    table.write_text(table.read_text() + "x.mp4,perhaps,somebody,0.5\n")
    assert "row 81" in refusal([], wish(tmp_path, scores=table))


def test_what_the_detector_learned_from_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = a_table(tmp_path / "scores.csv")
    learned = read_config(PACKAGE / "training" / "configurations" / "telltale.json").data.learn_from_clips[0]
    table.write_text(table.read_text().replace("real7.mp4", f"{learned}.mp4"))
    told = refusal([], wish(tmp_path, scores=table))
    assert f"learned from {learned};" in told
    run([], wish(tmp_path, scores=table, allow_training_data=True, dry_run=True, method="platt"))
    assert "too sure" in capsys.readouterr().err
