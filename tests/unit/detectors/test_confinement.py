"""A confined process reads and computes; it reaches nobody and starts nothing."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, socket, subprocess, sys, threading
from detectors.confinement import confine_myself

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
spare = socket.socket()
confine_myself(memory_bytes=64 * 2**20, output_bytes=4096, cpu_s=2)

def outcome(deed):
    try:
        deed()
    except BaseException as why:
        return type(why).__name__
    return "done"

print(json.dumps({name: outcome(deed) for name, deed in {
    "read": lambda: open("/proc/self/status").read(),
    "compute": lambda: bytearray(2**20),
    "a little": lambda: open("out", "wb").write(bytes(4096)),
    "socket": socket.socket,
    "connect": lambda: spare.connect(server.getsockname()),
    "fork": os.fork,
    "exec": lambda: os.execv(sys.executable, [sys.executable, "-V"]),
    "program": lambda: subprocess.run([sys.executable, "-V"]),
    "thread": lambda: threading.Thread(target=print).start(),
    "memory": lambda: bytearray(2**27),
    "much": lambda: open("out", "wb", buffering=0).write(bytes(4097)) == 4097 or sys.exit(),
}.items()}))
if "spin" in sys.argv:
    sys.stdout.flush()
    while True:
        pass
"""


def confined(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(platform.system() != "Linux", reason="the filter of calls is Linux's")
def test_what_a_confined_process_can_and_cannot_do(tmp_path: Path):
    ended = confined(tmp_path, "spin")
    outcomes = json.loads(ended.stdout)
    assert {name for name, outcome in outcomes.items() if outcome == "done"} == {"read", "compute", "a little"}
    assert outcomes["memory"] == "MemoryError"
    assert {outcomes[name] for name in ("socket", "connect", "fork", "exec", "program")} == {"PermissionError"}
    assert ended.returncode < 0, "its processor time has an end"
