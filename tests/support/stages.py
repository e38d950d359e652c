"""A Kafka and a home folder in; the stages as real processes out, to be watched, killed and restarted."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from contracts.messages import MediaUploaded
from contracts.telemetry import TRACE_HEADER, new_traceparent
from contracts.topics import MEDIA_UPLOADED, Topic
from ingest.identity import media_id_of
from ingest.object_stores.folder import FolderStore
from ingest.publisher import Outgoing, Publisher
from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.children import wait_until
from tests.support.kafka_broker import Tail
from tests.support.parts import ROOT

_START_TIMEOUT_S = 240.0
ALL = ("extract", "detect", "aggregate")


class Stage:
    """One stage process and its metrics page."""

    def __init__(self, role: str, env: Mapping[str, str], log: Path) -> None:
        self.role = role
        self._env = env
        self._log = log
        self._port = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._port = free_port()
        argv = [sys.executable, "-m", "stream_processors", self.role]
        env = {**self._env, "TELLTALE_METRICS_PORT": str(self._port)}
        self._child = start_child(argv, env=env, log=self._log, cwd=ROOT)

    def wait_ready(self) -> None:
        wait_until(self._is_ready_or_dead, timeout_s=_START_TIMEOUT_S)
        assert self.returncode is None, f"{self.role} ended: {self._log.read_text()[-3000:]}"

    def kill(self) -> None:
        """What the kernel does to a process that takes too much memory."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    @property
    def log(self) -> str:
        """What the process has written so far, over all of its lives."""
        return self._log.read_text(errors="replace")

    @property
    def is_ready(self) -> bool:
        """Whether it runs and says that it works."""
        return self.returncode is None and self._is_ready_or_dead()

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def stop(self) -> int | None:
        """SIGTERM; the exit status."""
        if self._child is not None:
            stop_child(self._child, grace_s=60.0)
        return self.returncode

    @property
    def returncode(self) -> int | None:
        return self._child.poll() if self._child else None

    def count(self, metric: str, **labels: str) -> float:
        """The sum of a metric over all lines with these labels."""
        page = self._get("/metrics")
        lines = re.findall(rf"^{metric}(?:{{(.*)}})? (\S+)$", page, re.MULTILINE)
        wanted = {f'{name}="{value}"' for name, value in labels.items()}
        return sum(float(value) for found, value in lines if wanted <= set(found.split(",")))

    def _is_ready_or_dead(self) -> bool:
        if self.returncode is not None:
            return True
        try:
            return self._get("/ready") == "ready\n"
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as answer:
            return answer.read().decode()


class Stages:
    """The stages of one deployment on a folder bucket; everything they write lies under ``home``."""

    def __init__(
        self, home: Path, bootstrap_servers: str, *, detectors: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.bucket = FolderStore.make(home / "bucket")
        self.work = FolderStore.make(home / "work")
        self._bootstrap_servers = bootstrap_servers
        self._env = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "TELLTALE_HOME": str(home),
            "TELLTALE_BUCKET": str(home / "bucket"),
            "TELLTALE_WORK_BUCKET": str(home / "work"),
            "TELLTALE_DETECTORS": detectors,
            "TELLTALE_TORCH_THREADS": "1",
            "TELLTALE_TOPIC_PARTITIONS": "3",
            **(env or {}),
        }
        self._stages = {role: Stage(role, self._env, home / f"{role}.log") for role in ALL}

    def __getitem__(self, role: str) -> Stage:
        return self._stages[role]

    @property
    def kafka(self) -> str:
        return self._bootstrap_servers

    def create_topics(self) -> None:
        argv = [sys.executable, "-m", "stream_processors", "create-topics"]
        subprocess.run(argv, env=self._env, cwd=ROOT, check=True, capture_output=True, timeout=120)

    def start(self, roles: Iterable[str] = ALL) -> None:
        for role in roles:
            self[role].start()
        for role in roles:
            self[role].wait_ready()

    def upload(self, files: Mapping[str, bytes]) -> list[MediaUploaded]:
        """Put objects into the bucket and announce them."""
        announced = [self._stored(key, data) for key, data in files.items()]
        self.announce(announced)
        return announced

    def announce(self, uploads: Iterable[MediaUploaded]) -> None:
        publisher = Publisher(self._bootstrap_servers, largest_message_bytes=1_048_588)
        try:
            publisher.publish([Outgoing(MEDIA_UPLOADED, one, {TRACE_HEADER: new_traceparent()}) for one in uploads])
        finally:
            publisher.close()

    def send_raw(self, topic: Topic, *, key: bytes, value: bytes) -> None:
        """Write bytes that are no message."""
        producer = KafkaProducer(bootstrap_servers=self._bootstrap_servers)
        try:
            producer.send(topic.name, key=key, value=value).get(timeout=30)
        finally:
            producer.close()

    def tail(self, topic: Topic) -> Tail:
        """Read what is written to ``topic`` from now on."""
        return Tail(self._bootstrap_servers, topic.name)

    def table(self, changelog: str) -> dict[bytes, bytes]:
        """What a worker that starts now would recover from a table's changelog."""
        consumer = KafkaConsumer(bootstrap_servers=self._bootstrap_servers, enable_auto_commit=False)
        try:
            places = [TopicPartition(changelog, part) for part in consumer.partitions_for_topic(changelog) or ()]
            consumer.assign(places)
            consumer.seek_to_beginning()
            ends = consumer.end_offsets(places)
            found: dict[bytes, bytes | None] = {}
            while any((consumer.position(place) or 0) < end for place, end in ends.items()):
                for records in consumer.poll(timeout_ms=200).values():
                    found |= {record.key: record.value for record in records}
        finally:
            consumer.close()
        return {key: value for key, value in found.items() if value is not None}

    def _stored(self, key: str, data: bytes) -> MediaUploaded:
        self.bucket.write(key, data)
        found = self.bucket.stat(key)
        return MediaUploaded(
            media_id=media_id_of(self.bucket.bucket, key, found.version),
            bucket=self.bucket.bucket,
            key=key,
            version=found.version,
            size_bytes=found.size_bytes,
            source="test",
            uploaded_at=found.modified_at,
        )

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        for stage in self._stages.values():
            stage.stop()
