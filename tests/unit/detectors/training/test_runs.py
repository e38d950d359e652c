"""Runs below a folder: their true state, damaged records, and in what runs differ."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.training.runs.listing import NoSuchRun, compared, pace_of, run_in, run_named, runs_below, state_of
from detectors.training.runs.run_claim import RunInUse, claimed, is_claimed
from detectors.training.runs.setting_paths import changed_from_defaults, known_paths
from tests.support.run_records import AT, a_config, a_record, a_run

ROOT = Path(__file__).parents[4]


def test_damaged_records_are_named_and_the_others_are_found(tmp_path: Path):
    a_run(tmp_path / "good", 0.8, 0.9)
    a_run(tmp_path / "search" / "trial-000", 0.7)
    for name, text in (("cut", '{"name": "cu'), ("other", '{"step": 3}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(text)
    found = runs_below(tmp_path)
    assert [run.record.name for run in found.runs] == ["good", "trial-000"]
    assert [one.folder.name for one in found.damaged] == ["cut", "other"]
    assert all(str(one.folder) in one.why for one in found.damaged)


def test_a_run_whose_process_was_killed_is_interrupted(tmp_path: Path):
    a_run(tmp_path, 0.8, state="running")
    program = (
        "import sys; from pathlib import Path; from detectors.training.runs.run_claim import claimed\n"
        f"with claimed(Path({str(tmp_path)!r})):\n    print('claimed', flush=True)\n    sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "claimed\n"
        assert run_in(tmp_path).state == "running"
        with pytest.raises(RunInUse, match="another process trains in"), claimed(tmp_path):
            pass
        child.kill()
    assert run_in(tmp_path).state == "interrupted"
    with claimed(tmp_path):
        assert is_claimed(tmp_path)


@pytest.mark.parametrize(("minutes", "state"), [(5, "running"), (45, "interrupted")])
def test_without_a_claim_silence_decides(tmp_path: Path, minutes: int, state: str):
    record = a_record(a_config(tmp_path), 0.8, state="running")
    assert state_of(record, None, AT + timedelta(minutes=minutes)) == state
    assert state_of(record, True, AT + timedelta(days=2)) == "running"


def test_an_ended_run_stays_what_it_is(tmp_path: Path):
    record = a_record(a_config(tmp_path), 0.8, state="stopped early")
    assert state_of(record, False, AT) == "stopped early"


def test_a_run_is_found_by_name_or_by_folder(tmp_path: Path):
    a_run(tmp_path / "one", 0.8)
    a_run(tmp_path / "deep" / "two", 0.8)
    assert run_named("two", tmp_path).folder == tmp_path / "deep" / "two"
    assert run_named(str(tmp_path / "one"), Path("elsewhere")).record.name == "one"
    with pytest.raises(NoSuchRun, match=r"there is no run three below .*; runs there: two, one"):
        run_named("three", tmp_path)
    a_run(tmp_path / "other" / "two", 0.8)
    with pytest.raises(NoSuchRun, match="several runs are called two"):
        run_named("two", tmp_path)


def test_the_differences_of_runs_count_defaults_and_say_what_makes_them_incomparable(tmp_path: Path):
    a_run(tmp_path / "one", 0.8, network__srm=True)
    a_run(tmp_path / "two", 0.8, schedule__learning_rate=0.01)
    a_run(tmp_path / "three", 0.8, pairs__harshness=0.5)
    one, three, two = runs_below(tmp_path).runs
    assert compared([one, two]).settings == {"network.srm": [True, False], "schedule.learning_rate": [4e-4, 0.01]}
    assert compared([one, two]).incomparable == ()
    assert compared([one, three]).incomparable == ("pairs.harshness",)


def test_only_settings_that_were_changed_are_told(tmp_path: Path):
    body = a_config(tmp_path, schedule__steps=7).model_dump(mode="json")
    assert changed_from_defaults(body) == {
        "name": tmp_path.name,
        "out": str(tmp_path),
        "data.portraits": "portraits",
        "schedule.steps": 7,
    }
    assert {"network.srm", "data.collections", "schedule.class_weights", "seed"} <= set(known_paths())


def test_the_pace_is_the_median_of_the_checks(tmp_path: Path):
    assert pace_of(a_record(a_config(tmp_path), 0.5, 0.6, 0.7)) == 20.0
    assert pace_of(a_record(a_config(tmp_path))) is None
