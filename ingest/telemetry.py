"""Settings in; structured logs, the metrics of the closed list and a health page out; the same for every process."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from contracts.settings import ProcessSettings
from contracts.telemetry import METRICS, MetricName
from contracts.vocabulary import Lifecycle, Stage, Verdict
from ingest.redaction import learn, redacted, secrets_of

_KINDS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_CLIPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_KNOWN_LABELS: dict[str, Iterable[str]] = {"lifecycle": Lifecycle, "verdict": Verdict}

# Local variables in tracebacks would write settings and object keys into the logs.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def configure_logs(settings: ProcessSettings, stage: Stage | str) -> None:
    """Send the log lines of this process, those of its libraries too, to stderr in the form that was asked for.

    Fields that are bound with ``structlog.contextvars`` (``media_id``, ``trace_id``) appear in every line; ``stage``
    is bound here.
    """
    learn(secrets_of(os.environ) + _password_of(settings))
    sys.excepthook = _say_without_secrets
    structlog.configure(
        processors=[*_every_line(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_every_line(), structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_form_of(settings),
                lambda _logger, _method, line: redacted(str(line)),
            ],
        )
    )
    logging.basicConfig(handlers=[lines], level=settings.log_level.upper(), force=True)
    _quieten_libraries()
    structlog.contextvars.bind_contextvars(stage=str(stage))


def _password_of(settings: ProcessSettings) -> list[str]:
    found = [settings.kafka_password.get_secret_value()] if settings.kafka_password else []
    with suppress(OSError, UnicodeDecodeError):  # whoever connects says so
        found += [settings.kafka_password_file.read_text().strip()] if settings.kafka_password_file else []
    return found


def _say_without_secrets(kind: type[BaseException], why: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, why, trace))))


def _every_line() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _form_of(settings: ProcessSettings) -> list[Processor]:
    if settings.log_format == "json":
        return [_TRACEBACKS, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _quieten_libraries() -> None:
    # Clients narrate every connection; their warnings and errors are what an operator needs.
    for name in ("kafka", "aiokafka", "botocore", "boto3", "s3transfer", "urllib3", "httpx", "watchfiles"):
        logging.getLogger(name).setLevel(logging.WARNING)


@cache
def registry() -> CollectorRegistry:
    """The metrics of this process; never the library's global registry, which other libraries write to."""
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    return made


@cache
def metric(name: MetricName) -> Any:
    """The counter, gauge or histogram of that name, made at its first use (``KeyError`` for an unlisted name).

    >>> metric("telltale_decoder_runs_total").inc()
    >>> metric("telltale_events_total").labels(stage="extract", outcome="done").inc()
    """
    about = METRICS[name]
    kind = _KINDS[about.kind]
    extra = {"buckets": _buckets_of(name)} if about.kind == "histogram" else {}
    made = kind(name, about.meaning, about.labels, registry=registry(), **extra)
    if about.labels and all(label in _KNOWN_LABELS for label in about.labels):
        _start_at_zero(made, {label: _KNOWN_LABELS[label] for label in about.labels})
    return made


def start_at_zero(name: MetricName, **values: Iterable[str]) -> None:
    """Show every combination of these label values from the start, so that a first event is seen as an increase.

    >>> start_at_zero("telltale_events_total", stage=["extract"], outcome=["done", "dead_letter"])
    """
    _start_at_zero(metric(name), values)


def _start_at_zero(made: Any, values: dict[str, Iterable[str]]) -> None:
    for combination in product(*values.values()):
        made.labels(**{label: str(value) for label, value in zip(values, combination, strict=True)})


def _buckets_of(name: MetricName) -> tuple[float, ...]:
    return _CLIPS if name.endswith("_clips") else _SECONDS


class HealthPage:
    """A small HTTP server in a daemon thread: ``/metrics``, ``/live`` (200) and ``/ready`` (200 or 503)."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="health-page", daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_health(host: str, port: int, ready: Callable[[], bool]) -> HealthPage:
    """Start a health page; ``port`` 0 takes a free one (read it from ``.port``).

    ``ready`` is called in another thread for every look at ``/ready`` and must answer at once.
    """
    disable_created_metrics()
    page = HealthPage(_HealthServer((host, port), ready))
    page.start()
    return page


@contextmanager
def health_page(settings: ProcessSettings, ready: Callable[[], bool]) -> Iterator[HealthPage | None]:
    """The health page of a process for as long as it runs; none where ``metrics_port`` is 0."""
    if not settings.metrics_port:
        yield None
        return
    page = serve_health(settings.metrics_host, settings.metrics_port, ready)
    try:
        yield page
    finally:
        page.close()


class _HealthServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], ready: Callable[[], bool]) -> None:
        super().__init__(address, partial(_HealthAnswers, ready))


class _HealthAnswers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def __init__(self, ready: Callable[[], bool], *args: Any) -> None:
        self._ready = ready
        super().__init__(*args)  # the base class answers the request while it is being made

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(HTTPStatus.OK, generate_latest(registry()), CONTENT_TYPE_LATEST)
        elif path == "/live":
            self._answer(HTTPStatus.OK, b"live\n")
        elif path == "/ready" and self._ready():
            self._answer(HTTPStatus.OK, b"ready\n")
        elif path == "/ready":
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"known: /metrics /live /ready\n")

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: probes ask every few seconds."""
