"""A home folder, a bucket and a few choices in; the children of ``telltale up`` out, each with its environment."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from contracts.settings import DashboardSettings, DetectSettings, ProcessSettings, ProjectSettings
from dashboard.custody.settings import CustodySettings
from telltale.demand import CropsWaiting
from telltale.errors import CommandFailed
from telltale.kafka_of_run import environment_for, kafka_of_children
from telltale.local_kafka import LOOPBACK, LocalKafka, answers, free_port, free_ports
from telltale.supervisor import ChildSpec

S3 = "s3://"
EVERY_DETECTOR = "all"
STAGES: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "extract": ("stream_processors", "extract"),
    "detect": ("stream_processors", "detect"),
    "aggregate": ("stream_processors", "aggregate"),
    "project": ("dashboard",),
}
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What one ``telltale up`` runs; ``home`` is absolute, ``bucket`` an absolute folder or ``s3://NAME[/PREFIX]``.

    ``random_weights`` lets detectors run without their weights, marked as untrained.
    """

    home: Path
    bucket: str
    detectors: str
    notifications_topic: str
    dashboard_port: int | None
    api_port: int | None = None
    random_weights: bool = False
    metrics_ports: Mapping[str, int] = field(
        default_factory=lambda: dict(zip(STAGES, free_ports(len(STAGES)), strict=True))
    )

    @property
    def metrics(self) -> dict[str, str]:
        return {name: f"http://{LOOPBACK}:{port}/metrics" for name, port in self.metrics_ports.items()}

    @property
    def dashboard(self) -> str | None:
        return f"http://{LOOPBACK}:{self.dashboard_port}" if self.dashboard_port else None

    @property
    def api(self) -> str | None:
        return f"http://{LOOPBACK}:{self.api_port}" if self.api_port else None

    @property
    def detector_names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.detectors.split(",") if name.strip())

    @cached_property
    def untrained(self) -> tuple[str, ...]:
        """The detectors that have no weights now and run all the same."""
        import detectors

        if not self.random_weights:
            return ()
        weights = DetectSettings().weights or self.home / "weights"
        return tuple(name for name in self.detector_names if not detectors.availability(name, weights).available)

    def log(self, child: str) -> Path:
        return self.home / "logs" / f"{child}.log"

    def environment(self, kafka: str) -> dict[str, str]:
        """The variables of every child: this process's own, and what the deployment decides."""
        path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **environment_for(kafka),
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "TELLTALE_HOME": str(self.home),
            "TELLTALE_BUCKET": self.bucket,
            "TELLTALE_WORK_BUCKET": os.environ.get("TELLTALE_WORK_BUCKET") or str(self.home / "work"),
            "TELLTALE_DETECTORS": self.detectors,
            "TELLTALE_ALLOW_UNTRAINED": str(self.random_weights).lower(),
            "TELLTALE_NOTIFICATIONS_TOPIC": self.notifications_topic,
            "TELLTALE_METRICS_HOST": LOOPBACK,
            "TELLTALE_METRICS_TARGETS": ",".join(f"{name}={url}" for name, url in self.metrics.items()),
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
        }

    def kafka_child(self, kafka: LocalKafka) -> ChildSpec:
        """The local broker, which stops after all others."""
        return ChildSpec(
            name="kafka",
            argv=tuple(kafka.argv),
            env=os.environ,
            cwd=kafka.folder,
            log=self.log("kafka"),
            ready=lambda: answers(kafka.bootstrap_servers, timeout_s=2.0),
            stops_last=True,
        )

    def children(self, kafka: str) -> list[ChildSpec]:
        """Every stage and, where they are wanted, API and dashboard, in the order of the data."""
        env = self.environment(kafka)
        stages = [self._stage(name, module, env) for name, module in STAGES.items()]
        interval_s = ProjectSettings().reconcile_interval_s
        if interval_s:
            stages.append(self._reconcile_child(env, interval_s))
        if expire_s := CustodySettings().expire_interval_s:
            stages.append(self._timer(env, "expire", "--every", f"{expire_s:g}"))
        if health_s := ProjectSettings().health_interval_s:
            stages.append(self._timer(env, "doctor", "--record", "--every", f"{health_s:g}"))
        if self.api_port:
            stages.append(self._api_child(env))
        return [*stages, self._dashboard_child(env)] if self.dashboard_port else stages

    def _stage(self, name: str, module: tuple[str, ...], env: Mapping[str, str]) -> ChildSpec:
        port = self.metrics_ports[name]
        return ChildSpec(
            name=name,
            argv=(sys.executable, "-m", *module),
            env={**env, "TELLTALE_METRICS_PORT": str(port)},
            cwd=self.home,
            log=self.log(name),
            ready=page_answers(f"http://{LOOPBACK}:{port}/ready"),
            wanted=self._demand(env) if name == "detect" else None,
        )

    def _reconcile_child(self, env: Mapping[str, str], interval_s: float) -> ChildSpec:
        """The timer that compares the bucket with the read model."""
        return self._timer(env, "reconcile", "--emit", "--every", f"{interval_s:g}")

    def _timer(self, env: Mapping[str, str], command: str, *wish: str) -> ChildSpec:
        """A command that looks at the deployment again and again; it has no page of its own."""
        places = ("--home", str(self.home), "--bucket", self.bucket)
        return ChildSpec(
            name=command,
            argv=(sys.executable, "-m", "telltale", command, *places, *wish),
            env=env,
            cwd=self.home,
            log=self.log(command),
            ready=lambda: True,
        )

    def _api_child(self, env: Mapping[str, str]) -> ChildSpec:
        return ChildSpec(
            name="api",
            argv=(sys.executable, "-m", "telltale", "api", "--address", LOOPBACK, "--port", str(self.api_port)),
            env=env,
            cwd=self.home,
            log=self.log("api"),
            ready=page_answers(f"{self.api}/readyz"),
        )

    def _demand(self, env: Mapping[str, str]) -> Callable[[], bool] | None:
        """The question that wakes the detectors, where they are to be cold while nothing is to be done."""
        if DetectSettings().residence != "cold":
            return None
        return CropsWaiting(kafka_of_children(env["KAFKA_BOOTSTRAP_SERVERS"]), self.detector_names)

    def _dashboard_child(self, env: Mapping[str, str]) -> ChildSpec:
        return ChildSpec(
            name="dashboard",
            argv=streamlit_command(address=LOOPBACK, port=self.dashboard_port or 0),
            env=env,
            cwd=self.home,
            log=self.log("dashboard"),
            ready=page_answers(f"{self.dashboard}/_stcore/health"),
            grace_s=5.0,
        )


def page_answers(url: str) -> Callable[[], bool]:
    """A question that is answered with whether ``url`` gives 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310 - always http on loopback
                return answer.status == 200
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except OSError:
            return False

    return ask


def streamlit_command(*, address: str, port: int) -> tuple[str, ...]:
    """The command line of the dashboard's web server."""
    from dashboard.look import STREAMLIT_FLAGS

    home = ROOT / "dashboard" / "home.py"
    settings = DashboardSettings()
    ours = (
        f"--server.address={address}",
        f"--server.port={port}",
        f"--server.maxUploadSize={settings.upload_limit_mb}",
    )
    login = (f"--secrets.files={settings.login_file.absolute()}",) if settings.login_file else ()
    return (sys.executable, "-m", "streamlit", "run", str(home), *STREAMLIT_FLAGS, *ours, *login)


def bucket_of(given: str | None, home: Path) -> str:
    """The bucket's address in full: ``given``, else the variable TELLTALE_BUCKET, else ``HOME/bucket``.

    Raises:
        CommandFailed: the home folder would lie inside the bucket and every file written there would be an upload.
    """
    wanted = given or os.environ.get("TELLTALE_BUCKET") or str(home / "bucket")
    if wanted.startswith(S3):
        return wanted
    bucket = Path(wanted).expanduser().absolute()
    if home.is_relative_to(bucket):
        raise CommandFailed(f"The home folder {home} must not lie inside the watched bucket {bucket}.", exit_code=2)
    return str(bucket)


def dashboard_port_of(wanted: int | None) -> int:
    """A free port for the dashboard: ``wanted`` or an error, else Streamlit's usual one or any."""
    return _port_of(wanted, usual=8501, option="--port")


def api_port_of(wanted: int | None) -> int:
    """A free port for the API: ``wanted`` or an error, else the usual one or any."""
    return _port_of(wanted, usual=8502, option="--api-port")


def _port_of(wanted: int | None, *, usual: int, option: str) -> int:
    port = free_port(wanted or usual)
    if wanted and port != wanted:
        raise CommandFailed(f"Port {wanted} is taken; choose another {option}, or leave it out for a free one.")
    return port


def detectors_of(given: str | None) -> str:
    """The detector list of a deployment, each name known: ``given``, else TELLTALE_DETECTORS, else the default.

    ``all`` is every registered detector.

    Raises:
        CommandFailed: no detector has one of these names.
    """
    import detectors

    settings = ProcessSettings(detectors=given) if given else ProcessSettings()
    if settings.detector_names == (EVERY_DETECTOR,):
        return ",".join(detectors.names())
    unknown = [name for name in settings.detector_names if name not in detectors.names()]
    if unknown or not settings.detector_names:
        known = ", ".join(detectors.names())
        raise CommandFailed(f"No detector is called {', '.join(unknown) or 'nothing'}; known: {known}.", exit_code=2)
    return ",".join(settings.detector_names)
