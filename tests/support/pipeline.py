"""A home folder, a bucket and an environment in; a real ``telltale up`` out, watched through its own status."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from contracts.topics import DEAD_LETTERS, MEDIA_VERDICTS
from telltale.child_process import start_child, stop_child
from tests.support.parts import KAFKA_LIBS, ROOT

_START_TIMEOUT_S = 180.0


class RunningPipeline:
    """``telltale up`` in a process of its own; every file it writes lies under ``home``."""

    def __init__(
        self, home: Path, bucket: str, *, env: Mapping[str, str] | None = None, detectors: str = "telltale"
    ) -> None:
        self.home = home
        self.bucket = bucket
        self._env = {**os.environ, "TELLTALE_KAFKA_LIBS": str(KAFKA_LIBS), **(env or {})}
        choices = ("--bucket", bucket, "--no-dashboard", "--no-api", "--detectors", detectors)
        self._argv = ["up", "--home", str(home), *choices]
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> dict[str, Any]:
        """What ``telltale status --json`` says."""
        return json.loads(self.command("status", "--home", str(self.home), "--json").stdout)

    def command(self, *arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """Run another ``telltale`` command in the same environment."""
        argv = [sys.executable, "-m", "telltale", *arguments]
        return subprocess.run(
            argv, cwd=ROOT, env=self._env, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "telltale", *self._argv]
        self._child = start_child(argv, env=self._env, log=self.home / "up.log", cwd=ROOT)
        try:
            self.wait_until(lambda: self.status["ready"], timeout_s=_START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, grace_s=60.0)
            self._child = None

    def wait_until(self, true: Callable[[], bool], *, timeout_s: float) -> None:
        """Ask until the answer is yes; raises ``TimeoutError`` with the logs' ends, or where ``up`` has ended."""
        give_up = time.monotonic() + timeout_s
        while not true():
            ended = self._child is not None and self._child.poll() is not None
            if ended or time.monotonic() > give_up:
                raise TimeoutError(f"{'up has ended' if ended else 'waited in vain'}\n{self.ends_of_logs()}")
            time.sleep(0.3)

    def ends_of_logs(self) -> str:
        logs = [self.home / "up.log", *sorted((self.home / "logs").glob("*.log"))]
        return "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in logs if log.is_file())

    def __enter__(self) -> "RunningPipeline":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def on_topic(bootstrap_servers: str, topic: str) -> list[bytes]:
    """The bytes of every message that a topic holds now, tombstones left out, each partition in its order."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, part) for part in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends, found = consumer.end_offsets(places), []
        while any((consumer.position(place) or 0) < end for place, end in ends.items()):
            found += [one for some in consumer.poll(timeout_ms=200).values() for one in some]
    finally:
        consumer.close()
    return [one.value for one in found if one.value is not None]


class Outcomes:
    """Final verdicts and dead letters of a pipeline, counted by a plain consumer from the topics' beginning."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.finals: dict[str, set[str]] = defaultdict(set)
        self.verdicts: dict[str, dict[str, Any]] = {}
        self.dead_letters: list[dict[str, Any]] = []
        self._consumer = KafkaConsumer(
            MEDIA_VERDICTS.name,
            DEAD_LETTERS.name,
            bootstrap_servers=bootstrap_servers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    def read(self, *, wait_s: float = 0.5) -> None:
        """Take in what has come since the last look."""
        while records := self._consumer.poll(timeout_ms=int(wait_s * 1000)):
            for record in (record for batch in records.values() for record in batch):
                self._note(record.topic, json.loads(record.value))

    @property
    def ended(self) -> set[str]:
        """The items that have come to their end, by media id."""
        return set(self.finals) | {letter["media_id"] for letter in self.dead_letters}

    def close(self) -> None:
        self._consumer.close()

    def _note(self, topic: str, event: dict[str, Any]) -> None:
        if topic == DEAD_LETTERS.name:
            self.dead_letters.append(event)
        elif event["lifecycle"] == "final":
            self.finals[event["media_id"]].add(event["event_id"])
            self.verdicts[event["media"]["source_key"]] = event

    def __enter__(self) -> "Outcomes":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
