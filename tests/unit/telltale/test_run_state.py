"""One run per home folder; its state can be read by others while it goes on and after it has ended."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from telltale import run_state
from telltale.errors import CommandFailed
from telltale.run_state import ChildState, RunState, StageStatus

STAGE = StageStatus(state=ChildState.READY, pid=4, since=datetime(2026, 1, 1, tzinfo=UTC), log="logs/extract.log")


def a_state(home: Path) -> RunState:
    return RunState(
        ready=True,
        running=True,
        pid=3,
        home=str(home),
        bucket="/bucket",
        kafka="127.0.0.1:1",
        stages={"extract": STAGE},
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_second_run_in_one_home_is_refused(tmp_path: Path):
    with (
        run_state.only_run(tmp_path),
        pytest.raises(CommandFailed, match=r"already runs in .* \(process \d+\)"),
        run_state.only_run(tmp_path),
    ):
        pytest.fail("two runs share a home")


def test_the_home_is_free_again_after_a_run(tmp_path: Path):
    with run_state.only_run(tmp_path):
        assert run_state.is_running(tmp_path)
    assert not run_state.is_running(tmp_path)
    with run_state.only_run(tmp_path):
        assert run_state.is_running(tmp_path)


def test_the_state_of_a_run_is_read_as_it_was_written(tmp_path: Path):
    with run_state.only_run(tmp_path):
        run_state.write(tmp_path, a_state(tmp_path))
        assert run_state.read(tmp_path) == a_state(tmp_path)
        assert run_state.running(tmp_path).kafka == "127.0.0.1:1"


def test_a_run_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path):
    run_state.write(tmp_path, a_state(tmp_path))
    state = run_state.read(tmp_path)
    assert (state.ready, state.running, state.kafka, state.stages["extract"].state, state.stages["extract"].pid) == (
        False,
        False,
        None,
        ChildState.STOPPED,
        None,
    )
    with pytest.raises(CommandFailed, match="telltale up"):
        run_state.running(tmp_path)


def test_where_nothing_ever_ran_nothing_runs(tmp_path: Path):
    state = run_state.read(tmp_path)
    assert (state.ready, state.running, state.started_at) == (False, False, None)


def test_a_damaged_state_file_is_said_to_be_one(tmp_path: Path):
    run_state.write(tmp_path, a_state(tmp_path))
    (tmp_path / "run" / "state.json").write_text("{")
    with pytest.raises(CommandFailed, match=r"state\.json"):
        run_state.read(tmp_path)
