"""Folders of one's own: closed to others, gone after use, and gone after a process that was killed in the middle."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from ingest.private_folders import private_folder
from tests.support.children import wait_until
from tests.support.media import a_video, moving

ROOT = Path(__file__).parents[3]
WORKER = """
import sys, time
from pathlib import Path
from ingest.decoded import ReadingRequest
from ingest.decoding import ChildDecoder
from ingest.private_folders import private_folder
from ingest.sampling import SamplingPlan
with private_folder(Path(sys.argv[1])) as folder:
    copy = folder / "media"
    copy.write_bytes(Path(sys.argv[2]).read_bytes())
    events = ChildDecoder().decode(copy, ReadingRequest("mp4", (SamplingPlan(25.0, 1),), 10**8, 1e6))
    next(events)
    print("decoding", flush=True)
    time.sleep(600)
"""


def folders_in(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()]


def test_only_this_user_may_enter_and_it_is_gone_afterwards(tmp_path: Path):
    with private_folder(tmp_path / "scratch") as folder:
        (folder / "media").write_bytes(b"evidence")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((tmp_path / "scratch").iterdir()) == []


def test_it_is_gone_after_a_failure_too(tmp_path: Path):
    def fail() -> None:
        with private_folder(tmp_path) as folder:
            (folder / "media").write_bytes(b"evidence")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_folders_in_use_stay(tmp_path: Path):
    with private_folder(tmp_path) as first, private_folder(tmp_path) as second:
        assert set(folders_in(tmp_path)) == {first, second}


def test_many_at_once_do_not_take_each_others_away(tmp_path: Path):
    def work() -> None:
        for _ in range(20):
            with private_folder(tmp_path) as folder:
                (folder / "media").write_bytes(b"evidence")
                assert (folder / "media").read_bytes() == b"evidence"

    failures: list[object] = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    before, threading.excepthook = threading.excepthook, lambda why: failures.append(why.exc_value)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    assert failures == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_worker_left_is_removed_by_the_next_and_its_decoder_ends(tmp_path: Path):
    media = a_video(tmp_path / "a.mp4", scene=moving(1280, 720), frames=60)
    scratch = tmp_path / "scratch"
    argv = [sys.executable, "-c", WORKER, str(scratch), str(media)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"decoding\n"
        (decoder,) = psutil.Process(worker.pid).children()
        with private_folder(scratch):
            assert len(folders_in(scratch)) == 2
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert len(folders_in(scratch)) == 1
    with private_folder(scratch) as mine:
        assert folders_in(scratch) == [mine]
    wait_until(lambda: not decoder.is_running() or decoder.status() == psutil.STATUS_ZOMBIE, timeout_s=30.0)
