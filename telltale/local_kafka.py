"""A home folder in; a one-node Apache Kafka on loopback out, its data kept under that folder.

Nothing is downloaded but its jars, once; see ``kafka_jars``.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from ingest.kafka_login import KafkaAddress, client_arguments
from telltale.child_process import start_child, stop_child
from telltale.errors import CommandFailed, MissingPart
from telltale.kafka_jars import LEAST_JAVA, WAYS_OUT, Tell, fetch_jars, last_line, libs_folder

LOOPBACK = "127.0.0.1"
_START_TIMEOUT_S = 120.0
_STOP_GRACE_S = 20.0


class LocalKafka:
    """One Kafka node (KRaft, broker and controller in one) whose data outlive it.

    Args:
        folder: holds ``data/``, ``ports.json``, the configuration and, unless ``libs`` says otherwise, the jars.
        libs: folder of the jars; default: the variable TELLTALE_KAFKA_LIBS, else ``folder/libs``.
        port: the broker's port; default: the one of the last start where it is free, else any free one.
        log: file that takes the broker's output; default: ``folder/kafka.log``.
        tell: hears a sentence before anything that takes long.
        more_listeners: name and port of further listeners, whose protocols ``more_properties`` gives.
        more_properties: added to the broker's configuration, or put in the place of what is there.
        format_arguments: further arguments of the command that prepares the data folder, such as its first users.
    """

    def __init__(
        self,
        folder: Path,
        *,
        libs: Path | None = None,
        port: int | None = None,
        log: Path | None = None,
        tell: Tell = lambda sentence: None,
        more_listeners: Mapping[str, int] | None = None,
        more_properties: Mapping[str, str | int] | None = None,
        format_arguments: Sequence[str] = (),
    ) -> None:
        self.folder = folder.absolute()
        self._more_listeners = dict(more_listeners or {})
        self._more_properties = dict(more_properties or {})
        self._format_arguments = list(format_arguments)
        self.libs = (libs or libs_folder(self.folder)).absolute()
        self.log = log or self.folder / "kafka.log"
        self._wanted_port = port
        self._tell = tell
        self._port: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """host:port of the broker, known after ``prepare``."""
        if self._port is None:
            raise RuntimeError("prepare() chooses the port")
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def argv(self) -> list[str]:
        """The command line of the broker process."""
        return [*self._java("kafka.Kafka"), str(self._properties)]

    def prepare(self) -> None:
        """Fetch the jars, choose ports, write the configuration and format the data folder, whatever is missing.

        Raises:
            MissingPart: Java or Maven is missing or too old, or Maven could not fetch the jars.
        """
        require_java()
        fetch_jars(self.libs, tell=self._tell)
        self._port, controller_port = self._choose_ports()
        listeners = {"PLAINTEXT": self._port, **self._more_listeners}
        properties = _properties_of(self._data, listeners, controller_port) | self._more_properties
        # Passwords of users may stand in it.
        self._properties.touch(mode=0o600)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), "utf-8")
        if not (self._data / "meta.properties").exists():
            self._format()

    def start(self) -> str:
        """Prepare, start, wait until the broker answers; its bootstrap address leaves."""
        self.prepare()
        self._child = start_child(self.argv, env=os.environ, log=self.log)
        try:
            self._wait_until_it_answers(self._child)
        except BaseException:
            self.stop()
            raise
        return self.bootstrap_servers

    def stop(self, *, grace_s: float = _STOP_GRACE_S) -> None:
        """End the broker: SIGTERM, then SIGKILL after ``grace_s``; does nothing where none runs."""
        if self._child is not None:
            stop_child(self._child, grace_s=grace_s)
            self._child = None

    def __enter__(self) -> "LocalKafka":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java(self, main_class: str) -> list[str]:
        return [
            java(),
            "-Xmx512m",
            "-Xms128m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            f"{self.libs}/*",
            main_class,
        ]

    def _choose_ports(self) -> tuple[int, int]:
        remembered = self.folder / "ports.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        last = json.loads(remembered.read_text()) if remembered.exists() else {}
        broker = self._wanted_port or free_port(last.get("broker"))
        controller = free_port(last.get("controller"))
        while controller == broker:
            controller = free_port()
        remembered.write_text(json.dumps({"broker": broker, "controller": controller}))
        return broker, controller

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = ["format", f"--cluster-id={cluster_id}", "--config", str(self._properties), "--ignore-formatted"]
        command += self._format_arguments
        done = subprocess.run([*self._java("kafka.tools.StorageTool"), *command], capture_output=True, text=True)
        if done.returncode:
            raise CommandFailed(f"Kafka could not prepare {self._data}: {last_line(done.stderr or done.stdout)}")

    def _wait_until_it_answers(self, child: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + _START_TIMEOUT_S
        while not answers(self.bootstrap_servers):
            if child.poll() is not None:
                raise CommandFailed(f"Kafka ended while starting (status {child.returncode}); see {self.log}")
            if time.monotonic() > give_up:
                raise CommandFailed(f"Kafka did not answer within {_START_TIMEOUT_S:.0f} s; see {self.log}")
            time.sleep(0.1)


def answers(kafka: KafkaAddress | str, *, timeout_s: float = 5.0) -> bool:
    """Whether a broker with a working controller answers there."""
    host, _, port = str(kafka).split(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=timeout_s).close()
    except OSError:
        return False
    return _names_a_controller(kafka, timeout_s)


def _names_a_controller(kafka: KafkaAddress | str, timeout_s: float) -> bool:
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    patience: dict[str, Any] = dict.fromkeys(("bootstrap_timeout_ms", "request_timeout_ms"), int(timeout_s * 1000))
    try:
        admin = KafkaAdminClient(**client_arguments(kafka), **patience)
    except KafkaError:
        return False
    try:
        cluster = admin.describe_cluster()
        return bool(cluster.get("brokers")) and cluster.get("controller_id", -1) >= 0
    except KafkaError:
        return False
    finally:
        admin.close()


def java() -> str:
    """The Java program: JAVA_HOME's, else the one on PATH.

    Raises:
        MissingPart: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        raise MissingPart(f"A local Kafka needs Java, and there is none on PATH. {WAYS_OUT}")
    return found


def java_version() -> int:
    """The major version of ``java()``; 0 where it does not say. Raises ``MissingPart`` where there is none."""
    said = subprocess.run([java(), "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else 0


def require_java() -> None:
    """Raise ``MissingPart`` where Java is missing or too old for Kafka."""
    version = java_version()
    if version < LEAST_JAVA:
        raise MissingPart(f"A local Kafka needs Java {LEAST_JAVA} or newer, and this one is {version}. {WAYS_OUT}")


def free_port(wish: int | None = None) -> int:
    """A loopback port that nobody listens on: ``wish`` where it is one, else any."""
    with ExitStack() as until_known:
        for candidate in (wish or 0, 0):
            try:
                return _bound(until_known, candidate)
            except OSError:
                continue
    raise MissingPart("No free port on the loopback address.")


def free_ports(number: int) -> list[int]:
    """So many different loopback ports that nobody listens on."""
    with ExitStack() as until_all_are_known:
        return [_bound(until_all_are_known, 0) for _ in range(number)]


def _bound(stack: ExitStack, port: int) -> int:
    probe = stack.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((LOOPBACK, port))
    return probe.getsockname()[1]


def _properties_of(data: Path, listeners: Mapping[str, int], controller_port: int) -> dict[str, str | int]:
    """The configuration of a broker and controller in one that may be lost at any moment and has no second copy."""
    own = ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listeners.items())
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"{own},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": own,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data).replace("\\", "\\\\"),
        "auto.create.topics.enable": "false",
        "num.network.threads": 2,
        "num.io.threads": 4,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 6000,
        "offsets.topic.num.partitions": 8,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
    }
