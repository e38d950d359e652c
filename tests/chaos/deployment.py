"""A folder in; a real ``telltale up`` on a Kafka that can be stopped on purpose out, its processes known by name."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from ingest.object_stores.folder import FolderStore
from stream_processors.create_topics import AGGREGATE_GROUP
from stream_processors.detect_group import group_of
from stream_processors.extract import GROUP as EXTRACT_GROUP
from telltale import run_state
from telltale.child_process import start_child, stop_child
from telltale.run_state import ChildState
from tests.support.kafka_broker import KafkaBroker
from tests.support.pipeline import RunningPipeline

DETECTOR = "mesonet"
STAGES = ("ingest", "extract", "detect", "aggregate", "project")
GROUPS = {"extract": EXTRACT_GROUP, "detect": group_of([DETECTOR]), "aggregate": AGGREGATE_GROUP}
PARTITIONS = 3
# Random weights are seeded and need no fetch. Without the reconciler and with a long deadline nothing repairs a loss
# before it is seen.
SETTINGS = {
    "TELLTALE_ALLOW_UNTRAINED": "1",
    "TELLTALE_TOPIC_PARTITIONS": str(PARTITIONS),
    "TELLTALE_TORCH_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TELLTALE_SETTLE_S": "0.2",
    "TELLTALE_LISTING_INTERVAL_S": "20",
    "TELLTALE_RECONCILE_INTERVAL_S": "0",
    "TELLTALE_EXPIRE_INTERVAL_S": "0",
    "TELLTALE_HEALTH_INTERVAL_S": "0",
    "TELLTALE_DEADLINE_S": "3600",
}
_PATIENCE_S = 120.0


class ChaosDeployment:
    """The broker, ``up`` on a watched folder, and a grip on every process of theirs."""

    def __init__(self, folder: Path, *, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.bucket = FolderStore.make(folder / "bucket")
        self.broker = KafkaBroker(folder / "broker")
        self._env = {**SETTINGS, **(env or {}), "KAFKA_BOOTSTRAP_SERVERS": self.kafka}
        self._up = RunningPipeline(self.home, str(self.bucket.root), env=self._env, detectors=DETECTOR)

    @property
    def kafka(self) -> str:
        return self.broker.bootstrap_servers

    @property
    def read_model(self) -> Path:
        return self.home / "read_model.sqlite"

    @property
    def work(self) -> Path:
        return self.home / "work"

    def pid(self, stage: str) -> int:
        """The process of a stage; waits while it is between two lives."""
        give_up_s = time.monotonic() + _PATIENCE_S
        while (pid := run_state.read(self.home).stages[stage].pid) is None:
            if time.monotonic() > give_up_s:
                raise TimeoutError(f"{stage} does not come back\n{self._up.ends_of_logs()}")
            time.sleep(0.05)
        return pid

    def signal(self, stage: str, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it ended by itself a moment ago
            os.kill(self.pid(stage), number)

    def all_ready(self) -> bool:
        stages = run_state.read(self.home).stages
        return all(stages[name].state is ChildState.READY for name in STAGES)

    def restarts(self) -> dict[str, int]:
        """How often each stage was started again so far."""
        return {name: run_state.read(self.home).stages[name].restarts for name in STAGES}

    def wait(self, condition: Callable[[], bool], what: str, *, timeout_s: float = _PATIENCE_S) -> None:
        """Ask until the answer is yes; raises ``TimeoutError`` with the ends of all logs."""
        give_up_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > give_up_s:
                raise TimeoutError(f"waited in vain for {what}\n{self._up.ends_of_logs()}")
            time.sleep(0.1)

    def members(self, stage: str) -> int:
        """How many workers the group of a stage has now."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka)
        try:
            about = admin.describe_groups([GROUPS[stage]])  # pyright: ignore[reportAttributeAccessIssue] - no type yet
            return len(about[GROUPS[stage]]["members"])
        except KafkaError:
            return 0
        finally:
            admin.close()

    @contextmanager
    def second_worker(self, stage: str, *, killed: bool) -> Iterator[None]:
        """Another process of ``stage`` that has joined the group; it leaves in order, or is killed."""
        env = {
            **os.environ,
            **self._env,
            "TELLTALE_HOME": str(self.home),
            "TELLTALE_BUCKET": str(self.bucket.root),
            "TELLTALE_WORK_BUCKET": str(self.work),
            "TELLTALE_DETECTORS": DETECTOR,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        argv = [sys.executable, "-m", "stream_processors", stage]
        child = start_child(argv, env=env, log=self.home / "logs" / f"second-{stage}.log", cwd=self.home)
        try:
            self.wait(lambda: self.members(stage) == 2, f"a second {stage} worker")
            yield
        finally:
            if killed:
                child.kill()
            stop_child(child, grace_s=30.0)

    def __enter__(self) -> "ChaosDeployment":
        self.broker.start()
        try:
            self._up.start()
        except BaseException:
            self.broker.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._up.stop()
        self.broker.stop()
