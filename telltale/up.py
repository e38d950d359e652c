"""``telltale up``: a deployment in; Kafka, every stage and the dashboard running until a signal says stop."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from contracts.messages import utc_now
from contracts.settings import DetectSettings, ProcessSettings
from contracts.topics import (
    DEAD_LETTERS,
    DETECTOR_SCORES,
    MEDIA_EXTRACTED,
    MEDIA_UPLOADED,
    MEDIA_VERDICTS,
    REMINDERS,
    crops_for,
)
from ingest.kafka_login import trouble_with
from ingest.redaction import learn, redacted, secrets_of
from telltale import run_state
from telltale.deployment import S3, Deployment, api_port_of, bucket_of, dashboard_port_of, detectors_of
from telltale.errors import CommandFailed
from telltale.kafka_of_run import KAFKA_VARIABLE, kafka_of_children
from telltale.local_kafka import LocalKafka, answers
from telltale.run_state import RunState
from telltale.supervisor import Supervisor
from telltale.terminal import out, say

log = structlog.get_logger()
LOOK_EVERY_S = 0.2
KAFKA_PATIENCE_S = 180.0
LARGEST_LOG_BYTES = 32 * 2**20
UNTRAINED = "random weights, what they say is marked and not counted"


class StopRequest:
    """Set by SIGINT, SIGTERM and SIGHUP; a second one asks for haste."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.hurry = False

    def listen(self) -> None:
        """Take the signals of this process over; only its main thread may do that."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: object) -> None:
        self.hurry = self._asked.is_set()
        self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        return self._asked.wait(seconds)


class Run:
    """One run of a deployment: starts the parts in order, keeps the state file true, stops the parts in order.

    Args:
        deployment: what to run.
        stop: ends the run.
        tell: shows a person one sentence of progress.
        kafka_port: port of a local Kafka; default: any.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        stop: StopRequest,
        tell: Callable[[str], None],
        kafka_port: int | None = None,
    ) -> None:
        self._deployment = deployment
        self._stop = stop
        self._tell = tell
        self._kafka_port = kafka_port
        self._supervisor = Supervisor(tell=self._hear)
        self._kafka: str | None = None
        self._all_started = False
        self._started_at = utc_now()

    def go(self, when_ready: Callable[[RunState], None]) -> None:
        """Run until the stop request; ``when_ready`` is called once, when every part does its work.

        Raises:
            CommandFailed: another run holds the home folder, or Kafka cannot be had.
        """
        home = self._deployment.home
        home.mkdir(parents=True, exist_ok=True)
        with run_state.only_run(home):
            set_large_logs_aside(home / "logs")
            try:
                self._write_state()
                self._start()
                self._watch(when_ready)
            finally:
                self._supervisor.stop(hurry=lambda: self._stop.hurry)
                self._kafka, self._all_started = None, False
                self._write_state()

    def _start(self) -> None:
        bootstrap = self._bring_up_kafka()
        if self._stop.asked:
            return
        self._tell("Creating the topics")
        self._create_topics(bootstrap)
        self._kafka = bootstrap
        self._write_state()
        if self._deployment.bucket.startswith(S3):
            topic = self._deployment.notifications_topic
            self._tell(f"Kafka answers at {bootstrap}; the S3 server may now write its events to the topic {topic}")
        else:
            Path(self._deployment.bucket).mkdir(parents=True, exist_ok=True)
        self._tell("Starting the stages")
        for spec in self._deployment.children(bootstrap):
            self._supervisor.add(spec)
        self._all_started = True
        self._write_state()

    def _bring_up_kafka(self) -> str:
        given = os.environ.get(KAFKA_VARIABLE)
        if given:
            kafka = kafka_of_children(given)
            if not answers(kafka):
                why = trouble_with(kafka, TimeoutError("no controller"))
                raise CommandFailed(f"{KAFKA_VARIABLE} says {given}, and no Kafka answers there: {why}")
            return given
        self._tell("Starting a local Kafka")
        kafka = LocalKafka(
            self._deployment.home / "kafka", port=self._kafka_port, log=self._deployment.log("kafka"), tell=self._tell
        )
        kafka.prepare()
        self._supervisor.add(self._deployment.kafka_child(kafka))
        self._wait_for_kafka()
        return kafka.bootstrap_servers

    def _wait_for_kafka(self) -> None:
        looks = int(KAFKA_PATIENCE_S / LOOK_EVERY_S)
        for _ in range(looks):
            if self._supervisor.look():
                self._write_state()
            if self._supervisor.ready or self._stop.wait(LOOK_EVERY_S):
                return
        raise CommandFailed(f"Kafka did not come up; see {self._deployment.log('kafka')}")

    def _create_topics(self, bootstrap: str) -> None:
        command = [sys.executable, "-m", "stream_processors", "create-topics"]
        file = self._deployment.log("create-topics")
        with file.open("ab") as output:
            done = subprocess.run(
                command,
                env=self._deployment.environment(bootstrap),
                cwd=self._deployment.home,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode and not self._stop.asked:
            raise CommandFailed(f"The topics could not be created; see {file}")

    def _watch(self, when_ready: Callable[[RunState], None]) -> None:
        told = False
        while not self._stop.asked:
            if self._supervisor.look():
                self._write_state()
            if not told and self.state.ready:
                when_ready(self.state)
                told = True
            self._stop.wait(LOOK_EVERY_S)
        self._tell("Stopping: every stage finishes what it has in hand")

    @property
    def state(self) -> RunState:
        """What is true now."""
        deployment = self._deployment
        return RunState(
            ready=self._all_started and self._supervisor.ready,
            running=True,
            pid=os.getpid(),
            home=str(deployment.home),
            bucket=deployment.bucket,
            kafka=self._kafka,
            dashboard=deployment.dashboard,
            api=deployment.api,
            metrics=deployment.metrics,
            stages=self._supervisor.stages,
            topics=topics_of(deployment.detector_names),
            notifications_topic=deployment.notifications_topic,
            detectors=deployment.detector_names,
            untrained=deployment.untrained,
            started_at=self._started_at,
        )

    def _write_state(self) -> None:
        run_state.write(self._deployment.home, self.state)

    def _hear(self, event: str, /, *, child: str, **fields: object) -> None:
        log.info(event, child=child, **fields)
        if event == "child ended":
            self._tell(f"{child} {fields['ended']}; it starts again in {fields['pause_s']:g} s (see {fields['log']})")
        elif event == "child ready":
            self._tell(f"{child} is ready")


def topics_of(detectors: tuple[str, ...]) -> dict[str, str]:
    """Topic names by what they carry; one ``crops_<detector>`` for each detector."""
    fixed = {
        "uploaded": MEDIA_UPLOADED,
        "extracted": MEDIA_EXTRACTED,
        "scores": DETECTOR_SCORES,
        "reminders": REMINDERS,
        "verdicts": MEDIA_VERDICTS,
        "dead_letters": DEAD_LETTERS,
    }
    crops = {f"crops_{name}": crops_for(name) for name in detectors}
    return {what: topic.name for what, topic in {**fixed, **crops}.items()}


def set_large_logs_aside(folder: Path) -> None:
    """Keep one older part of each log that has grown large, so that logs stay bounded over many runs."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.log"):
        if file.stat().st_size > LARGEST_LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))


def log_to(file: Path) -> None:
    """Write the supervisor's own log lines into ``file``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    learn(secrets_of(os.environ))
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event", "child"]),
            lambda _logger, _method, line: redacted(str(line)),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=file.open("a", encoding="utf-8", buffering=1)),
    )


def run(
    *,
    home: Path,
    bucket: str | None,
    detectors: str | None,
    dashboard: bool,
    dashboard_port: int | None,
    kafka_port: int | None,
    api: bool = True,
    api_port: int | None = None,
    random_weights: bool = False,
) -> None:
    """Run until Ctrl-C or SIGTERM; says on stdout, once all is ready, where to drop files and what to look at."""
    home = home.expanduser().absolute()
    deployment = Deployment(
        home=home,
        bucket=bucket_of(bucket, home),
        detectors=detectors_of(detectors),
        notifications_topic=ProcessSettings().notifications_topic,
        dashboard_port=dashboard_port_of(dashboard_port) if dashboard else None,
        api_port=api_port_of(api_port) if api else None,
        random_weights=random_weights or DetectSettings().allow_untrained,
    )
    log_to(deployment.log("up"))
    stop = StopRequest()
    stop.listen()
    Run(deployment, stop=stop, tell=say, kafka_port=kafka_port).go(_announce)


def _announce(state: RunState) -> None:
    lines = [
        "Telltale is ready.",
        f"  Drop files into   {state.bucket}",
        f"  Dashboard         {state.dashboard}" if state.dashboard else None,
        f"  API               {state.api}/docs" if state.api else None,
        f"  Untrained         {', '.join(state.untrained)}: {UNTRAINED}" if state.untrained else None,
        f"  Verdicts          topic {MEDIA_VERDICTS.name} on {state.kafka}",
        "  Stop it with Ctrl-C.",
    ]
    for line in filter(None, lines):
        out.print(line, markup=False, soft_wrap=True)
