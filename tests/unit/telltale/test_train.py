"""`telltale train`, `telltale train search` and `telltale runs` on tiny real runs, with drawn faces."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner, Result

from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.training.configuration import read_config
from detectors.training.runs.run_record import read_record
from detectors.training.runs.search_space import space_of
from telltale import train_session
from telltale.cli import app
from telltale.errors import CommandFailed
from telltale.runs_page import sparkline
from telltale.training_config import Changes, read
from tests.support.portraits import a_portrait_folder
from tests.support.run_records import a_run

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "detectors" / "training" / "configurations"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "start.safetensors"
    save_file({key: tensor.contiguous() for key, tensor in MobileNetV2().state_dict().items()}, path)
    return path


@pytest.fixture
def config(tmp_path: Path, start: Path) -> Path:
    portraits, cache = a_portrait_folder(tmp_path)
    body = {
        "name": "little",
        "start_from": str(start),
        "out": str(tmp_path / "runs" / "little"),
        "workers": 0,
        "device": "cpu",
        "data": {"portraits": str(portraits), "cache": str(cache), "calibrate_share": 0.25},
        "pairs": {"input_px": 64, "most_face_px": 60.0, "harshness": 0.0, "families": {"resample": 1.0}},
        "schedule": {"steps": 4, "pairs_per_step": 2, "warm_up_steps": 1, "checkpoint_every": 2, "check_pairs": 3},
        "search": {"schedule.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "pairs.harshness": [0.0, 0.1]},
    }
    path = tmp_path / "little.json"
    path.write_text(json.dumps(body))
    return path


def told(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "250"})


def test_a_run_is_trained_listed_shown_and_drawn(config: Path, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    done = told("train", config, "--seed", "5", "--set", "schedule.learning_rate=0.001")
    assert done.exit_code == 0, done.output
    assert "little: 4 of 4 steps" in done.stdout
    assert f"telltale detectors new little --from-run {tmp_path / 'runs' / 'little'}" in done.stderr
    assert "step 4 of 4, loss" in done.stderr
    kept = read_config(tmp_path / "runs" / "little" / "config.json")
    assert (kept.seed, kept.schedule.learning_rate) == (5, 0.001)
    listed = json.loads(told("runs", tmp_path / "runs", "--json").stdout)
    assert (listed["name"], listed["state"], listed["step"], listed["seed"]) == ("little", "finished", 4, 5)
    page = tmp_path / "page.html"
    shown = told("runs", "show", "little", "--below", tmp_path / "runs", "--html", page)
    assert "schedule.learning_rate       0.001" in shown.stdout
    assert listed["weights"]["sha256"] in shown.stdout
    assert page.read_text().count("<polyline") == 2
    again = told("train", "run", config, "--seed", "5", "--set", "schedule.learning_rate=0.001")
    assert again.exit_code == 0
    assert read_record(kept.out).resumed == 0
    other = told("train", config, "--seed", "6")
    assert isinstance(other.exception, CommandFailed)
    assert "other settings (schedule.learning_rate, seed)" in str(other.exception)
    assert read_config(kept.out / "config.json").seed == 5


def test_ctrl_c_keeps_what_was_learned_and_the_same_command_goes_on(config: Path, monkeypatch: pytest.MonkeyPatch):
    class PressesCtrlC(train_session._Listener):
        def __call__(self, seen: Any) -> None:
            if seen.step == 3:
                os.kill(os.getpid(), signal.SIGINT)
            super().__call__(seen)

    whole, before = config.with_name("whole"), signal.getsignal(signal.SIGINT)
    told("train", config, "--out", whole)
    with monkeypatch.context() as patched:
        patched.setattr(train_session, "_Listener", PressesCtrlC)
        stopped = told("train", config)
    out = read(config, Changes()).config.out
    assert isinstance(stopped.exception, CommandFailed)
    assert stopped.exception.exit_code == 130
    assert "stopped after 3 of 4 steps" in str(stopped.exception)
    assert signal.getsignal(signal.SIGINT) is before
    assert told("runs", "show", out).stdout.startswith("little (seed 1): interrupted, 3 of 4 steps")
    assert told("train", config).exit_code == 0
    record = read_record(out)
    assert (record.state, record.resumed) == ("finished", 1)
    one, other = (load_file(folder / "telltale.safetensors") for folder in (whole, out))
    assert all(one[key].equal(other[key]) for key in one)


def test_settings_are_searched_and_the_search_goes_on(config: Path, tmp_path: Path):
    out = tmp_path / "tried"
    words = ("train", "search", config, "--out", out, "--set", "schedule.steps=2", "--json")
    first = told(*words, "--trials", "1")
    assert first.exit_code == 0, first.output
    done = told(*words, "--trials", "2")
    body = json.loads(done.stdout)
    assert body["trials"][0] == json.loads(first.stdout)["trials"][0]
    assert [one["state"] for one in body["trials"]] == ["finished", "finished"]
    for number, one in enumerate(body["trials"]):
        record = read_record(out / f"trial-00{number}")
        assert record.config["schedule"]["learning_rate"] == one["settings"]["schedule.learning_rate"]
        assert record.best is not None
        assert record.best.watch_auc == one["watch_auc"]
    best = read_config(out / "best.json")
    assert best.schedule.learning_rate == body["best"]["settings"]["schedule.learning_rate"]
    assert "trial-001" in told("runs", out).stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('{"name": "a",}', "is no JSON: "),
        ('{"name": "a"}', "out is missing; data is missing"),
        ('{"name": "a", "out": "o", "data": {}, "schedule": {"stepz": 1}}', "did you mean schedule.steps?"),
        ('{"name": "a", "out": "o", "data": {}, "schedule": {"steps": -1}}', "schedule.steps: input should be greater"),
        ("[]", "must hold one JSON object"),
    ],
)
def test_a_wrong_configuration_is_one_sentence_that_names_the_setting(tmp_path: Path, change: str, sentence: str):
    path = tmp_path / "wrong.json"
    path.write_text(change)
    with pytest.raises(CommandFailed) as raised:
        read(path, Changes())
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_command_line_outdoes_the_file(config: Path, tmp_path: Path):
    words = ("schedule.loss=focal", "data.learn_from_clips=[]", "schedule.early_stop=null", "network.srm=true")
    changed = read(config, Changes(out=tmp_path / "other", seed=7, device="cpu", settings=words)).config
    assert (changed.out, changed.seed, changed.schedule.loss) == (tmp_path / "other", 7, "focal")
    assert changed.network.srm
    with pytest.raises(CommandFailed, match="has not the form"):
        read(config, Changes(settings=("schedule.loss",)))
    with pytest.raises(CommandFailed, match=r"schedule.los is no setting .* did you mean schedule.loss"):
        read(config, Changes(settings=("schedule.los=bce",)))


def test_what_cannot_be_trained_is_one_sentence(config: Path, tmp_path: Path):
    nowhere = told("train", config, "--set", f"start_from={tmp_path / 'none'}")
    assert isinstance(nowhere.exception, CommandFailed)
    nobody = told("train", config, "--set", "data.portraits=null", "--set", "data.collections=[]")
    assert "names neither portraits nor collections" in str(nobody.exception)


def test_a_search_without_ranges_is_refused(config: Path, tmp_path: Path):
    ranges = tmp_path / "ranges.json"
    ranges.write_text("{}")
    refused = told("train", "search", config, "--space", ranges)
    assert "must name at least one setting" in str(refused.exception)


def test_help_tells_of_both_spellings():
    said = " ".join(told("train", "--help").stdout.split())
    assert "telltale train CONFIG" in said
    assert "telltale train search CONFIG" in said
    assert "--set" in told("train", "some.json", "--help").stdout
    assert "--trials" in told("train", "search", "--help").stdout


def test_runs_are_compared_and_a_damaged_record_is_named(tmp_path: Path):
    a_run(tmp_path / "one", 0.8, 0.9)
    a_run(tmp_path / "two", 0.7, pairs__harshness=0.5)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    listed = told("runs", tmp_path)
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == ["one", "two"]
    assert str(tmp_path / "bad" / "run.json") in listed.stderr
    page = tmp_path / "both.html"
    compared = told("runs", "compare", "one", "two", "--below", tmp_path, "--html", page)
    assert "pairs.harshness" in compared.stdout
    assert "cannot be compared: the runs differ in pairs.harshness" in compared.stdout
    assert "cannot be compared" in page.read_text()
    assert "Name at least two runs" in str(told("runs", "compare", "one").exception)
    assert "there is no run three" in str(told("runs", "show", "three", "--below", tmp_path).exception)


def test_a_curve_keeps_its_shape():
    assert sparkline([0.5, 0.75, 1.0]) == "▁▅█ 0.5 to 1"
    assert sparkline([0.5]) == "▁ 0.5 to 0.5"
    assert len(sparkline([float(value) for value in range(1000)]).split()[0]) <= 60


def test_the_example_for_own_folders_and_its_search_are_valid():
    config = read(EXAMPLES / "your-own.json", Changes()).config
    assert config.data.collections
    assert (ROOT / str(config.start_from)).is_file()
    assert len(space_of(json.loads((EXAMPLES / "search" / "settings.json").read_text()), config)) > 3
