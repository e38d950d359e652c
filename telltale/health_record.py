"""``telltale doctor --record``: checks, versions and settings in; a report in the read model out, once or regularly.

Once, each detector is loaded and tried on its probes. Regularly, beside a running pipeline, the workers are asked which
detectors they serve: they have tried them already, and a second copy of each would only take their memory and time.
"""

import os
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contracts.settings import DetectSettings, ProjectSettings
from dashboard.operations.health_reports import Entry, Finding, Kind, Report, keep
from dashboard.read_model import open_engine, url_of
from ingest.entry_point import stop_on_signal
from ingest.redaction import learn, redacted, secrets_of
from ingest.telemetry import configure_logs
from telltale import doctor, health_facts
from telltale.deployment import bucket_of, detectors_of
from telltale.doctor import Check
from telltale.errors import CommandFailed
from telltale.terminal import say

# The stages start first: what they load should not wait for a look at it.
FIRST_AFTER_S = 20.0
SOON_AGAIN = 10
_LEAST_PRIORITY = 19
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed; with ``every_s`` the report is made again and again until SIGTERM."""

    home: Path
    bucket: str | None = None
    detectors: str | None = None
    every_s: float | None = None


def run(wish: Wish) -> int:
    """Record once and print every check, or record regularly; 1 where a part that is needed is missing, else 0.

    Raises:
        CommandFailed: the read model cannot be opened, or no detector has one of the names.
    """
    learn(secrets_of(os.environ))
    settings = ProjectSettings(home=wish.home.expanduser().absolute())
    if wish.every_s is not None:
        _again_and_again(wish, settings, wish.every_s, stop_on_signal())
        return 0
    checks: list[Check] = []
    for check in doctor.every_check(settings.home, wish.bucket, wish.detectors):
        doctor.shown(check)
        checks.append(check)
    try:
        engine = open_engine(url_of(settings))
        for check in _more_checks(wish, settings, engine):
            doctor.shown(check)
            checks.append(check)
        keep(engine, report_of(checks, wish, settings))
        engine.dispose()
    except SQLAlchemyError as why:
        raise CommandFailed(f"The report was not kept: {redacted(str(why))}") from why
    say("Recorded; the page Health check shows it.")
    return max((doctor.SOMETHING_IS_MISSING for check in checks if check.finding is Finding.MISSING), default=0)


def _again_and_again(wish: Wish, settings: ProjectSettings, every_s: float, stop: threading.Event) -> None:
    os.nice(_LEAST_PRIORITY)
    configure_logs(settings, "doctor")
    pause_s, soon_again = min(FIRST_AFTER_S, every_s), SOON_AGAIN
    while not stop.wait(pause_s):
        pause_s = every_s
        try:
            engine = open_engine(url_of(settings))
            report = regular_report(wish, settings, engine)
            keep(engine, report)
            engine.dispose()
            if soon_again and report.count(Finding.GOOD) < len(report.of_kind(Kind.PART)):
                # What was lacking may only have been loading.
                soon_again, pause_s = soon_again - 1, min(every_s, FIRST_AFTER_S)
        except SQLAlchemyError as why:
            _log.warning("health_not_kept", why=redacted(f"{type(why).__name__}: {why}"))


def regular_report(wish: Wish, settings: ProjectSettings, engine: Engine) -> Report:
    """What a regular look finds; it loads no detector."""
    names = tuple(detectors_of(wish.detectors).split(","))
    serving = health_facts.serving_checks(names, engine, now_s=time.time())
    quick = doctor.quick_checks(settings.home, wish.bucket)
    return report_of([*quick, *serving, *_more_checks(wish, settings, engine)], wish, settings)


def _more_checks(wish: Wish, settings: ProjectSettings, engine: Engine) -> Iterable[Check]:
    weights = DetectSettings().weights or settings.home / "weights"
    yield from health_facts.weights_checks(tuple(detectors_of(wish.detectors).split(",")), weights)
    yield from health_facts.clock_checks(bucket_of(wish.bucket, settings.home), engine)


def report_of(checks: Iterable[Check], wish: Wish, settings: ProjectSettings) -> Report:
    """The report of this machine: the checks, then versions and settings."""
    entries = [
        Entry(kind=Kind.PART, name=check.part, state=check.finding.value, found=check.found, advice=check.do)
        for check in checks
    ]
    options = {
        "TELLTALE_HOME": str(settings.home),
        "TELLTALE_BUCKET": bucket_of(wish.bucket, settings.home),
        "TELLTALE_DETECTORS": detectors_of(wish.detectors),
    }
    entries += [*health_facts.versions(), *_configuration(options)]
    return Report(place=socket.gethostname(), at_s=time.time(), every_s=wish.every_s, entries=tuple(entries))


def _configuration(options: dict[str, str]) -> list[Entry]:
    try:
        return list(health_facts.configuration(os.environ, options))
    except ValueError as why:
        do = "Correct the variable; the process that reads it does not start."
        found = redacted(" ".join(str(why).split()))
        return [Entry(kind=Kind.PART, name="settings", state=Finding.MISSING, found=found, advice=do)]
