"""A folder in; small real programs out that crash, get ready and end as a test wants, and what they have noted."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from telltale.supervisor import ChildSpec

STEADY = """
import pathlib, signal, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def end(number, frame):
    with (folder / "ends").open("a") as notes:
        notes.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / (name + ".ready")).touch()
while True:
    signal.pause()
"""
STUBBORN = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(pathlib.Path(sys.argv[2]) / (sys.argv[1] + ".ready")).touch()
while True:
    signal.pause()
"""
CRASHES_TWICE = """
import pathlib, signal, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
tries = folder / (name + ".tries")
tries.write_text(str(int(tries.read_text() if tries.exists() else 0) + 1))
if int(tries.read_text()) <= 2:
    print("cannot start yet", flush=True)
    sys.exit(3)
(folder / (name + ".ready")).touch()
signal.pause()
"""
PARENT = """
import pathlib, subprocess, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
grandchild = subprocess.Popen(["sleep", "600"])
(folder / "grandchild").write_text(str(grandchild.pid))
(folder / (name + ".ready")).touch()
grandchild.wait()
"""


def a_child(folder: Path, name: str, program: str, *, grace_s: float = 10.0, stops_last: bool = False) -> ChildSpec:
    """A child that runs ``program``; it is ready when it has made the file ``NAME.ready``."""
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-c", program, name, str(folder)),
        env=os.environ,
        log=folder / f"{name}.log",
        ready=(folder / f"{name}.ready").exists,
        grace_s=grace_s,
        stops_last=stops_last,
    )


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Return as soon as ``condition`` holds; raises ``TimeoutError``."""
    give_up_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up_s:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
