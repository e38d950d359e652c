"""Children are started, named when they end, started again after a pause, and stopped in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telltale.run_state import ChildState
from telltale.supervisor import LONGEST_PAUSE_S, Supervisor, backoff_s
from tests.support.children import CRASHES_TWICE, PARENT, STEADY, STUBBORN, a_child, is_alive, wait_until


class Diary:
    """Notes what a supervisor tells."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, dict[str, object]]] = []

    def __call__(self, event: str, /, *, child: str, **fields: object) -> None:
        self.entries.append((event, child, fields))

    def children(self, event: str) -> list[str]:
        return [child for said, child, _ in self.entries if said == event]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def supervisor(diary: Diary) -> Iterator[Supervisor]:
    made = Supervisor(tell=diary, pause_s=lambda failures: 0.05 * failures)
    yield made
    made.stop(hurry=lambda: True)


def watched(supervisor: Supervisor, condition: str) -> None:
    wait_until(lambda: supervisor.look() is not None and getattr(supervisor, condition))


def test_a_child_is_ready_when_it_says_so(supervisor: Supervisor, tmp_path: Path):
    supervisor.add(a_child(tmp_path, "steady", STEADY))
    assert not supervisor.ready
    watched(supervisor, "ready")
    status = supervisor.stages["steady"]
    assert status.state is ChildState.READY
    assert status.pid is not None
    assert is_alive(status.pid)
    assert status.restarts == 0


def test_a_crashed_child_is_named_and_started_again_after_growing_pauses(
    supervisor: Supervisor, diary: Diary, tmp_path: Path
):
    supervisor.add(a_child(tmp_path, "shaky", CRASHES_TWICE))
    supervisor.add(a_child(tmp_path, "steady", STEADY))
    seen = set()

    def look() -> bool:
        supervisor.look()
        seen.add((supervisor.stages["shaky"].state, supervisor.stages["shaky"].detail))
        return supervisor.ready

    wait_until(look)
    ends = [fields for said, child, fields in diary.entries if (said, child) == ("child ended", "shaky")]
    assert [end["ended"] for end in ends] == ["ended with status 3"] * 2
    assert [end["pause_s"] for end in ends] == [0.05, 0.1]
    assert (ChildState.BACKING_OFF, "ended with status 3; next start after 0.1 s") in seen
    assert supervisor.stages["shaky"].restarts == 2
    assert supervisor.stages["steady"].restarts == 0
    assert (tmp_path / "shaky.log").read_text() == "cannot start yet\n" * 2


def test_a_killed_child_comes_back_as_another_process(supervisor: Supervisor, tmp_path: Path):
    supervisor.add(a_child(tmp_path, "steady", STEADY))
    watched(supervisor, "ready")
    first = supervisor.stages["steady"].pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.look() is not None and supervisor.stages["steady"].restarts == 1)
    watched(supervisor, "ready")
    assert supervisor.stages["steady"].pid != first


def test_children_are_asked_to_stop_in_order_and_the_last_one_after_the_others(
    supervisor: Supervisor, diary: Diary, tmp_path: Path
):
    supervisor.add(a_child(tmp_path, "kafka", STEADY, stops_last=True))
    for name in ("ingest", "extract", "detect"):
        supervisor.add(a_child(tmp_path, name, STEADY))
    watched(supervisor, "ready")
    pids = [status.pid for status in supervisor.stages.values()]
    supervisor.stop()
    assert diary.children("child asked to stop") == ["ingest", "extract", "detect", "kafka"]
    assert (tmp_path / "ends").read_text().split()[-1] == "kafka"
    assert {status.state for status in supervisor.stages.values()} == {ChildState.STOPPED}
    assert not any(is_alive(pid) for pid in pids if pid)
    assert diary.children("child killed") == []


def test_a_child_that_does_not_stop_is_killed(supervisor: Supervisor, diary: Diary, tmp_path: Path):
    supervisor.add(a_child(tmp_path, "stubborn", STUBBORN, grace_s=0.2))
    watched(supervisor, "ready")
    pid = supervisor.stages["stubborn"].pid
    supervisor.stop()
    assert diary.children("child killed") == ["stubborn"]
    assert pid is not None
    assert not is_alive(pid)


def test_what_a_child_has_started_goes_with_it(supervisor: Supervisor, tmp_path: Path):
    supervisor.add(a_child(tmp_path, "parent", PARENT))
    watched(supervisor, "ready")
    grandchild = int((tmp_path / "grandchild").read_text())
    assert is_alive(grandchild)
    supervisor.stop()
    wait_until(lambda: not is_alive(grandchild))


def test_no_child_outlives_a_killed_supervisor(tmp_path: Path):
    program = (
        "import sys, time, pathlib\n"
        "from telltale.supervisor import Supervisor\n"
        "from tests.support.children import STEADY, a_child\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "supervisor = Supervisor(tell=lambda event, **fields: None)\n"
        "supervisor.add(a_child(folder, 'steady', STEADY))\n"
        "while True:\n"
        "    supervisor.look()\n"
        "    if supervisor.ready:\n"
        "        (folder / 'pid').write_text(str(supervisor.stages['steady'].pid))\n"
        "        time.sleep(600)\n"
        "    time.sleep(0.01)\n"
    )
    root = Path(__file__).parents[3]
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=root)
    try:
        wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        child = int((tmp_path / "pid").read_text())
        assert is_alive(child)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_alive(child))


def test_pauses_grow_to_a_limit_and_never_shrink():
    pauses = [backoff_s(failures) for failures in range(1, 100)]
    assert pauses == sorted(pauses)
    assert pauses[0] > 0
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_child_on_demand_is_started_by_work_and_left_alone_when_it_ends_without_any(
    supervisor: Supervisor, diary: Diary, tmp_path: Path
):
    work = tmp_path / "work"
    ends_when_done = f"import pathlib, time\nwhile pathlib.Path({str(work)!r}).exists(): time.sleep(0.02)"
    spec = a_child(tmp_path, "on demand", ends_when_done)
    supervisor.add(replace(spec, wanted=work.exists))
    supervisor.look()
    assert supervisor.stages["on demand"].state is ChildState.COLD
    assert supervisor.ready, "a child without work keeps nobody waiting"
    assert diary.children("child started") == []
    for round_of_work in (1, 2):
        work.touch()
        wait_until(lambda: supervisor.look() and supervisor.stages["on demand"].pid is not None)
        work.unlink()
        wait_until(lambda: supervisor.look() and supervisor.stages["on demand"].state is ChildState.COLD)
        assert diary.children("child went cold") == ["on demand"] * round_of_work
    assert supervisor.stages["on demand"].restarts == 0


def test_a_child_on_demand_that_crashes_is_started_again_after_a_pause(
    supervisor: Supervisor, diary: Diary, tmp_path: Path
):
    supervisor.add(replace(a_child(tmp_path, "shaky", CRASHES_TWICE), wanted=lambda: True))
    wait_until(lambda: supervisor.look() is not None and supervisor.stages["shaky"].state is ChildState.READY)
    assert diary.children("child ended") == ["shaky"] * 2
    assert diary.children("child went cold") == []
