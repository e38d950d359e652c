"""A command line in; a running child out, in a session of its own, that ends with its parent or when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from telltale import tether

_TETHER = Path(tether.__file__)


def start_child(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start ``argv``, its output appended to ``log``.

    The child has its own session, so that a Ctrl-C in the terminal reaches only the parent, which then stops its
    children in order. It must be started from a thread that lives as long as the child should.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop_child(child: subprocess.Popen[bytes], *, grace_s: float) -> int:
    """Ask a child to end, insist after ``grace_s``; what it started itself goes with it. Its exit status leaves."""
    terminate(child)
    with suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)
    end_group(child.pid)
    return child.wait()


def terminate(child: subprocess.Popen[bytes]) -> None:
    """Ask a child to end; nothing happens where it has ended already."""
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)


def end_group(pid: int) -> None:
    """Kill whatever is left of the session that ``pid`` led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
