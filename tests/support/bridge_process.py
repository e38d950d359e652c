"""Settings in; ``python -m ingest`` as a process of its own out, to be asked, ended and killed."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import httpx

from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.children import wait_until
from tests.support.parts import ROOT


class BridgeProcess:
    """The bridge with its ledger and log under ``home``; may be started again after it ended."""

    def __init__(self, home: Path, *, bucket: str, kafka: str, **more: str) -> None:
        self.log = home / "ingest.log"
        self._port = free_port()
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "TELLTALE_HOME": str(home),
            "TELLTALE_BUCKET": bucket,
            "TELLTALE_WORK_BUCKET": str(home / "work"),
            "TELLTALE_METRICS_PORT": str(self._port),
            "TELLTALE_LOG_FORMAT": "json",
            "TELLTALE_SETTLE_S": "0.2",
            **more,
        }
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        argv = [sys.executable, "-m", "ingest"]
        self._child = start_child(argv, env=os.environ | self._environment, log=self.log, cwd=ROOT)
        if wait:
            wait_until(self.is_ready, timeout_s=60.0)

    def is_ready(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            raise RuntimeError(f"the bridge has ended: {self.log.read_text()[-3000:]}")
        return self._status_of("/ready") == 200

    def is_live(self) -> bool:
        return self._status_of("/live") == 200

    def counted(self, outcome: str) -> float:
        """How many events ended with this outcome, by the process's own metrics."""
        page = httpx.get(f"http://127.0.0.1:{self._port}/metrics").text
        start = f'telltale_events_total{{outcome="{outcome}",stage="ingest"}} '
        return next(float(line.removeprefix(start)) for line in page.splitlines() if line.startswith(start))

    def end(self, *, timeout_s: float = 30.0) -> int:
        """Ask it to end (SIGTERM); its exit status leaves."""
        child = self._running()
        child.terminate()
        return child.wait(timeout_s)

    def kill(self) -> None:
        """End it as a power cut would."""
        child = self._running()
        child.kill()
        child.wait()

    def __enter__(self) -> "BridgeProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        # An orderly end leaves the consumer group, so that the next test need not wait for the session's time-out.
        if self._child is not None and self._child.poll() is None:
            stop_child(self._child, grace_s=20.0)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError("not started")
        return self._child

    def _status_of(self, path: str) -> int | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}{path}", timeout=5.0).status_code
        except httpx.TransportError:
            return None
