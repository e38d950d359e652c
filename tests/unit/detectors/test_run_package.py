"""A training run becomes a detector with its weights, a card of nothing but what is known, and a test that passes."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from detectors.calibration import Calibration
from detectors.cards import read_card
from detectors.networks.face_network import FaceNetwork, Parts
from detectors.networks.original import randomise
from detectors.run_package import UnfitRun, run_in
from detectors.scaffold import write_from_run
from detectors.training.configuration import Collection, Data, Network, Pairs, TrainingConfig
from detectors.training.people import read_portraits, split_people
from detectors.training.runs.run_record import (
    Artefacts,
    Best,
    Check,
    RunRecord,
    Versions,
    WeightsFile,
    write_record,
)
from detectors.training.training import save_weights
from detectors.weights import sha256_of
from telltale.detector_making import new
from telltale.errors import CommandFailed
from tests.support.media import a_video, astronauts
from tests.support.parts import ROOT
from tests.support.portraits import a_portrait_folder

AT = datetime(2026, 3, 1, tzinfo=UTC)
CHECK = Check(step=2, loss=0.7, watch_auc=0.625, watch_log_loss=0.71, learning_rate=1e-4, pictures_per_s=9.0)


# In one process, for most of the time would go into loading libraries anew.
CHAIN = """
import sys
import pytest
package, clip, home = sys.argv[1:]
assert pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", f"{package}/tests"]) == 0
from telltale.cli import app
for arguments in (["detectors", "check", "mine"], ["scan", clip, "--detectors", "mine", "--json"]):
    assert not app([*arguments, "--home", home], standalone_mode=False), arguments
"""


def a_run(root: Path, *, network: Network | None = None, data: dict[str, Any] | None = None, **changes: Any) -> Path:
    """The folder of a run that says it stopped after two steps; its weights are as random as they were at the start."""
    run, portraits = root / "runs" / "mine", a_portrait_folder(root)[0]
    parts = network or Network()
    torch.manual_seed(3)
    made = FaceNetwork(Parts(**parts.model_dump()))
    randomise(made)
    save_weights(made, run / "telltale.safetensors")
    faces = Collection(kind="dessa", root=root / "faces", variant="both")
    config = TrainingConfig(
        name="mine",
        seed=5,
        out=run,
        data=Data(**({"portraits": portraits, "collections": (faces,)} | (data or {}))),
        network=parts,
        pairs=Pairs(input_px=64, margin=0.2),
    )
    weights = run / "telltale.safetensors"
    facts: dict[str, Any] = {
        "name": "random-weights",
        "seed": 5,
        "config": config.model_dump(mode="json"),
        "state": "stopped early",
        "started_at": AT,
        "updated_at": AT,
        "step": 2,
        "steps": 800,
        "trained_s": 1.5,
        "best": Best(step=2, watch_auc=0.625),
        "history": (CHECK,),
        "artefacts": Artefacts(
            weights=WeightsFile(file=weights.name, sha256=sha256_of(weights), bytes=weights.stat().st_size)
        ),
        "versions": Versions(python="3.11", torch="2", telltale="0"),
    }
    write_record(RunRecord(**(facts | changes)), run)
    return run


def a_fit(weights_sha256: str | None) -> Calibration:
    return Calibration(
        id="mine-2026-03-01",
        method="platt",
        a=0.9,
        b=0.1,
        prior=0.5,
        fitted_on="200 drawn faces",
        fitted_at=AT,
        expires_at=AT.replace(year=2027),
        n_items=200,
        weights_sha256=weights_sha256,
    )


def measured(sha256: str) -> str:
    row = {"family": "self_blend", "capture": "as is", "auc": 0.5, "low": 0.4, "high": 0.6, "pairs": 20, "people": 9}
    fit = json.loads(a_fit(None).model_dump_json())
    limits = {"lower": 0.6, "upper": {"at": 0.8}}
    return json.dumps({"weights_sha256": sha256, "calibration": fit, "thresholds": limits, "people": [row]})


def installed(root: Path, **network: Any) -> Path:
    place = root / "package"
    write_from_run("mine", place, a_run(root, network=Network(**network)))
    facts = place / "telltale_mine-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: telltale-mine\nVersion: 0.1.0\n")
    (facts / "entry_points.txt").write_text("[telltale.detectors]\nmine = telltale_mine.mine:make\n")
    return place


def an_unnamed_collection(root: Path) -> dict[str, Any]:
    return {"portraits": None, "collections": (Collection(kind="folders", root=root / "labelled"),)}


@pytest.mark.timeout(300)
def test_the_package_of_a_run_passes_its_test_and_judges_a_clip(tmp_path: Path):
    place = installed(tmp_path, srm=True, frequency=True, pooling="weighted")
    clip = a_video(tmp_path / "clip.mp4", scene=lambda number: astronauts(320, 240, [(60 + number, 40)]), frames=6)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(place)])}
    done = subprocess.run(
        [sys.executable, "-c", CHAIN, str(place), str(clip), str(tmp_path / "home")],
        env=environment,
        cwd=place,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout
    lines = done.stdout.splitlines()
    assert sum(line.startswith("kept") for line in lines) == 9
    told = json.loads(lines[-1])
    assert told["reasons"] == ["calibration_missing"]
    (result,) = told["detectors"]
    assert (result["name"], result["status"], result["untrained"]) == ("mine", "scored", False)
    assert result["weights_hash"] == sha256_of(place / "telltale_mine" / "mine.safetensors")
    assert result["clips"] > 0
    assert 0.0 < result["raw"] < 1.0


def test_a_card_says_what_the_record_and_the_settings_say(tmp_path: Path):
    run = a_run(tmp_path)
    write_from_run("mine", tmp_path / "new", run)
    card = read_card(tmp_path / "new" / "telltale_mine" / "mine.json")
    assert card.lifecycle == "experimental"
    assert "stopped early, 2 of 800 steps, seed 5" in card.lifecycle_reason
    assert card.seeds == (5,)
    assert card.calibration is None
    assert card.thresholds is None
    assert card.weights[0].sha256 == sha256_of(run / "telltale.safetensors")
    assert card.weights[0].sha256 == sha256_of(tmp_path / "new" / "telltale_mine" / "mine.safetensors")
    assert [(figure.group, figure.value) for figure in card.figures] == [("training", 0.625), ("training", 0.71)]
    portraits, faces = card.training_data
    assert (portraits.name, portraits.n_items, portraits.n_identities) == ("portraits", 9, 9)
    assert (faces.name, faces.n_items) == ("faces", None)
    assert "dessa, variant both" in faces.description
    assert card.spec.looks_for == ("face_swap", "lip_sync", "reenactment")


def test_people_who_are_kept_out_are_not_counted_as_learned_from(tmp_path: Path):
    people = split_people(read_portraits(a_portrait_folder(tmp_path / "same")[0]), seed=5, calibrate=0.12, test=0.15)
    kept_out = people.train[0].person.replace(" ", ", ")
    write_from_run("mine", tmp_path / "new", a_run(tmp_path, data={"keep_out": (kept_out,)}))
    portraits = read_card(tmp_path / "new" / "telltale_mine" / "mine.json").training_data[0]
    assert (portraits.n_items, portraits.n_identities) == (8, 8)


def test_no_file_of_the_package_names_a_folder_of_this_machine(tmp_path: Path):
    files = write_from_run("mine", tmp_path / "new", a_run(tmp_path))
    texts = {file.name: file.read_text() for file in files if file.suffix != ".safetensors"}
    assert not [name for name, text in texts.items() if str(tmp_path) in text]
    settings = TrainingConfig.model_validate_json(texts["training.json"])
    assert settings.data.portraits == Path("portraits")
    assert settings.data.collections[0].root == Path("faces")
    assert settings.seed == 5


def test_what_a_run_looks_for_is_asked_where_its_collections_do_not_tell(tmp_path: Path):
    run = a_run(tmp_path, data=an_unnamed_collection(tmp_path))
    with pytest.raises(CommandFailed, match="layout folders; name them with --looks-for"):
        new("mine", tmp_path / "new", tmp_path / "home", from_run=run)
    with pytest.raises(CommandFailed, match="'swapping' is no kind of manipulation"):
        new("mine", tmp_path / "new", tmp_path / "home", from_run=run, looks_for=["swapping"])
    assert not (tmp_path / "new").exists()
    new("mine", tmp_path / "new", tmp_path / "home", from_run=run, looks_for=["splice"])
    card = read_card(tmp_path / "new" / "telltale_mine" / "mine.json")
    assert card.spec.looks_for == ("splice",)


def test_folders_that_are_gone_are_named_without_a_count(tmp_path: Path):
    run = a_run(tmp_path)
    (tmp_path / "portraits" / "index.csv").unlink()
    write_from_run("mine", tmp_path / "new", run)
    portraits = read_card(tmp_path / "new" / "telltale_mine" / "mine.json").training_data[0]
    assert portraits.n_items is None
    assert "not counted" in portraits.description


def test_what_was_measured_of_these_weights_is_taken_over(tmp_path: Path):
    run = a_run(tmp_path)
    (run / "measured.json").write_text(measured(sha256_of(run / "telltale.safetensors")))
    write_from_run("mine", tmp_path / "new", run)
    card = read_card(tmp_path / "new" / "telltale_mine" / "mine.json")
    assert card.calibration == a_fit(None)
    assert card.thresholds is not None
    assert (card.thresholds.lower, card.thresholds.upper) == (0.6, 0.8)
    assert [figure.group for figure in card.figures] == ["unseen_people", "training", "training"]


def test_what_was_measured_of_other_weights_is_left_out(tmp_path: Path):
    run = a_run(tmp_path)
    (run / "measured.json").write_text(measured("0" * 64))
    write_from_run("mine", tmp_path / "new", run)
    card = read_card(tmp_path / "new" / "telltale_mine" / "mine.json")
    assert card.calibration is None
    assert {figure.group for figure in card.figures} == {"training"}


@pytest.mark.parametrize("own", [True, False])
def test_a_calibration_among_the_weights_counts_if_it_is_of_these(tmp_path: Path, own: bool):
    run, kept = a_run(tmp_path), tmp_path / "home" / "weights" / "mine" / "calibration.json"
    kept.parent.mkdir(parents=True)
    sha256 = sha256_of(run / "telltale.safetensors") if own else "0" * 64
    kept.write_text(a_fit(sha256).model_dump_json())
    new("mine", tmp_path / "new", tmp_path / "home", from_run=run)
    card = read_card(tmp_path / "new" / "telltale_mine" / "mine.json")
    assert (card.calibration is not None) is own


def test_weights_that_learned_nothing_are_refused(tmp_path: Path):
    with pytest.raises(UnfitRun, match="learned nothing yet"):
        run_in(a_run(tmp_path, step=0))


def test_weights_that_the_run_did_not_write_are_refused(tmp_path: Path):
    run = a_run(tmp_path)
    with (run / "telltale.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(UnfitRun, match="other SHA-256"):
        run_in(run)


def test_weights_of_another_network_are_refused(tmp_path: Path):
    run = a_run(tmp_path)
    record = json.loads((run / "run.json").read_text())
    record["config"]["network"]["srm"] = True
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(UnfitRun, match="do not fit the network"):
        run_in(run)


def test_a_folder_without_a_run_is_one_sentence(tmp_path: Path):
    with pytest.raises(CommandFailed, match="holds no training run"):
        new("mine", tmp_path / "new", tmp_path / "home", from_run=tmp_path)
