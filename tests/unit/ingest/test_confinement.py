"""A confined process keeps what it has open and gets nothing else: no file, no socket, no process, no signal."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ingest.decoded import ReadingRequest
from ingest.decoding import ChildDecoder
from ingest.sampling import SamplingPlan
from tests.support.media import a_video, moving

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="no filter for this system"
)
TRIES = {
    "open a file to read": "open('/etc/hostname')",
    "open a file to write": "open('/tmp/telltale-confined', 'w')",
    "open by another call": "os.open('/', os.O_RDONLY)",
    "make a folder": "os.mkdir('/tmp/telltale-confined')",
    "remove a file": "os.unlink('/tmp/telltale-confined')",
    "move a file": "os.rename('/tmp/telltale-confined', '/tmp/telltale-moved')",
    "open a connection": "socket.socket()",
    "open a local connection": "socket.socketpair()",
    "fork": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "start a program": "subprocess.run(['/bin/true'])",
    "kill the parent": "os.kill(os.getppid(), 9)",
    "change the limits of the parent": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "trace the parent": "refused(libc.ptrace(16, os.getppid(), 0, 0))",
    "use the kernel's ring": "refused(libc.syscall(425, 1, 0))",
}
STAYS = {
    "start a thread": "ran = threading.Thread(target=print); ran.start(); ran.join()",
    "take memory": "bytearray(1 << 24)",
    "read what is open": "os.read(0, 4) == b'open' or 1 / 0",
    "look at the own limits": "resource.getrlimit(resource.RLIMIT_NOFILE)",
}
PROGRAM = """
import ctypes, json, os, resource, socket, subprocess, sys, threading
from ingest.confinement import confine
libc = ctypes.CDLL(None, use_errno=True)
def refused(answer):
    if answer == -1:
        raise OSError(ctypes.get_errno(), "refused")
codes = {name: compile(code, name, "exec") for name, code in json.loads(sys.argv[1]).items()}
later = threading.Event()
early = []
def try_later():
    later.wait()
    try:
        open("/etc/hostname")
    except PermissionError:
        early.append("refused")
before = threading.Thread(target=try_later)
before.start()
said = {"confined": confine()}
later.set()
before.join()
said["thread from before"] = early
for name, code in codes.items():
    try:
        exec(code)
        said[name] = "done"
    except PermissionError:
        said[name] = "refused"
    except OSError as why:
        said[name] = f"other: {why}"
print(json.dumps(said), file=sys.stderr)
"""


CONFINED = {"confined": True, "thread from before": ["refused"]}


def said_by_a_process(tries: dict[str, str]) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(tries)],
        input=b"open",
        capture_output=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    return json.loads(done.stderr.splitlines()[-1])


def test_nothing_new_can_be_opened_started_or_reached():
    assert said_by_a_process(TRIES) == CONFINED | dict.fromkeys(TRIES, "refused")
    assert not Path("/tmp/telltale-confined").exists()


def test_what_decoding_needs_stays():
    assert said_by_a_process(STAYS) == CONFINED | dict.fromkeys(STAYS, "done")


def test_the_decoding_child_is_confined_with_every_thread(tmp_path: Path):
    path = a_video(tmp_path / "a.mp4", scene=moving(1280, 720))
    events = ChildDecoder().decode(path, ReadingRequest("mp4", (SamplingPlan(5.0, 1),), 10**8, 1e6))
    next(events)
    (child,) = (one for one in psutil.Process().children() if "ingest.decoder_process" in one.cmdline())
    threads = list(Path(f"/proc/{child.pid}/task").iterdir())
    modes = {line for task in threads for line in (task / "status").read_text().splitlines() if "Seccomp:" in line}
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    open_files = {file.readlink() for file in Path(f"/proc/{child.pid}/fd").iterdir()}
    events.close()
    assert len(threads) > 1
    assert modes == {"Seccomp:\t2"}
    assert len([file for file in open_files if str(file).startswith("/") and not str(file).startswith("/dev/")]) <= 2
    for name, most in (("Max core file size", 0), ("Max file size", 1 << 16), ("Max open files", 64)):
        (line,) = (line for line in limits.splitlines() if line.startswith(name))
        assert line.split()[-3:-1] == [str(most)] * 2 or line.split()[-2:] == [str(most)] * 2
