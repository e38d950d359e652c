"""A deployment in; what only a report tells out: clocks, checksums, detectors that serve, versions and settings."""

import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import platform, python_version

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

import detectors
from contracts.settings import EVERY_SETTINGS, ProcessSettings
from dashboard.api.settings import ApiSettings
from dashboard.custody.settings import CustodySettings
from dashboard.operations.health_reports import Entry, Finding, Kind, Origin
from dashboard.operations.metric_pages import Look
from dashboard.operations.samples import Samples
from dashboard.operations.stage_tiles import STALE_AFTER_S, stage_of
from dashboard.read_tables import items
from ingest.redaction import HIDDEN, redacted
from stream_processors.code_version import code_version
from telltale.deployment import S3
from telltale.doctor import Check

LEAST_SKEW_S = 5.0
# A store refuses signatures that are a quarter of an hour off.
REFUSED_SKEW_S = 900.0
_ANSWER_WITHIN_S = 5.0
_PACKAGES = ("torch", "kafka-python", "faust-streaming", "av", "boto3", "streamlit", "SQLAlchemy", "pydantic", "numpy")
_AWS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
_AWS_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def clock_checks(bucket: str, engine: Engine) -> Iterator[Check]:
    """How far the clocks of store, read model and stages are from this machine's, where they tell theirs."""
    yield _store_clock(bucket)
    if engine.dialect.name == "postgresql":
        yield _database_clock(engine)
    yield _stage_clock(engine)


def _store_clock(bucket: str) -> Check:
    part = "clock of the store"
    try:
        skew_s = _skew_of_s3() if bucket.startswith(S3) else _skew_of_folder(Path(bucket))
    except (OSError, ValueError, TypeError) as why:
        found = f"not measured: {redacted(str(why))}"
        return Check(part=part, finding=Finding.GOOD, found=found)
    return skew_check(part, skew_s)


def _skew_of_s3() -> float:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    request = urllib.request.Request(address or f"https://s3.{region}.amazonaws.com", method="HEAD")  # noqa: S310
    before_s = time.time()
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310 - set by the operator
            told = answer.headers["Date"]
    except urllib.error.HTTPError as refusal:
        told = refusal.headers["Date"]  # whoever lets nobody in without a signature tells the time all the same
        refusal.close()
    # The header has whole seconds.
    return parsedate_to_datetime(told).timestamp() + 0.5 - (before_s + time.time()) / 2


def _skew_of_folder(folder: Path) -> float:
    """By the time that a file gets which is made there now; a network share has a clock of its own."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0")
        file.flush()
        return os.fstat(file.fileno()).st_mtime - time.time()


def _database_clock(engine: Engine) -> Check:
    part = "clock of the read model"
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            before_s = time.time()
            told_s = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
            return skew_check(part, told_s - (before_s + time.time()) / 2)
    except SQLAlchemyError as why:
        return Check(part=part, finding=Finding.LACKING, found=redacted(f"not measured: {why}"))


def _stage_clock(engine: Engine) -> Check:
    """Kafka tells no time of its own, but each upload is announced with that of the stage which found it."""
    part = "clock of the stages"
    with engine.connect() as connection:
        newest_s = connection.execute(select(func.max(items.c.arrived_at_s))).scalar()
    if newest_s is None:
        return Check(part=part, finding=Finding.GOOD, found="not measured: nothing was announced yet")
    ahead_s = newest_s - time.time()
    if ahead_s < LEAST_SKEW_S:
        found = "no upload was announced in the future; Kafka itself tells no time"
        return Check(part=part, finding=Finding.GOOD, found=found)
    return skew_check(part, ahead_s)


def skew_check(part: str, skew_s: float) -> Check:
    """A clock that is ``skew_s`` ahead of this machine's (behind where it is negative)."""
    found = f"{abs(skew_s):.1f} s {'ahead of' if skew_s >= 0 else 'behind'} this machine"
    if abs(skew_s) < LEAST_SKEW_S:
        return Check(part=part, finding=Finding.GOOD, found=found)
    finding = Finding.MISSING if abs(skew_s) >= REFUSED_SKEW_S else Finding.LACKING
    do = "Let both machines keep their time by NTP; times in lists and deadlines are wrong by so much."
    return Check(part=part, finding=finding, found=found, do=do)


def weights_checks(names: tuple[str, ...], weights: Path) -> Iterator[Check]:
    """Whether the weights of each detector are those that its card or their first fetch names, by their SHA-256."""
    for name in names:
        state = detectors.availability(name, weights)
        part = f"weights {name}"
        if state.weights_sha256 is None:
            yield Check(part=part, finding=Finding.LACKING, found="missing, or not the named file", do=state.detail)
        else:
            yield Check(part=part, finding=Finding.GOOD, found=f"SHA-256 {state.weights_sha256[:16]}… as named")


def serving_checks(names: tuple[str, ...], engine: Engine, *, now_s: float) -> Iterator[Check]:
    """Which detectors a worker serves now; it has tried them on their probes when it loaded their weights."""
    samples = Samples(engine)
    looks = [samples.latest(process) for process in samples.processes() if stage_of(process) == "detect"]
    fresh = [look for look in looks if isinstance(look, Look) and now_s - look.at_s <= STALE_AFTER_S]
    for name in names:
        part = f"detector {name}"
        served = [_served(look, name) for look in fresh]
        if not fresh:
            found = "no worker tells what it serves now"
            do = "See whether the stage detect runs; a cold detector has no process until crops wait for it."
            yield Check(part=part, finding=Finding.LACKING, found=found, do=do)
        elif any(served):
            told = next(filter(None, served))
            yield Check(part=part, finding=Finding.GOOD, found=f"{told}, loaded and proved by its worker")
        else:
            do = "Run `telltale doctor`; it tries the detector and names what it lacks."
            yield Check(part=part, finding=Finding.LACKING, found="no worker serves it", do=do)


def _served(look: Look, name: str) -> str:
    for series, value in look.values.items():
        if value and series.is_of("telltale_model_info", {"detector": name}):
            return f"version {series.label('version')}, weights {series.label('weights')}"
    return ""


def versions() -> Iterator[Entry]:
    """Telltale, its code, Python and the packages that matter."""
    yield Entry(kind=Kind.VERSION, name="Telltale", found=code_version())
    yield Entry(kind=Kind.VERSION, name="Python", found=python_version())
    yield Entry(kind=Kind.VERSION, name="system", found=platform())
    for package in _PACKAGES:
        try:
            yield Entry(kind=Kind.VERSION, name=package, found=version(package))
        except PackageNotFoundError:
            yield Entry(kind=Kind.VERSION, name=package, found="not installed")


def configuration(environment: Mapping[str, str], options: Mapping[str, str]) -> Iterator[Entry]:
    """Every setting with where its value comes from; secrets are told as set and never shown.

    ``options`` are values from the command line, by the variable that they stand for.

    Raises:
        ValueError: a setting cannot be read; the message does not repeat its value.
    """
    given, told = {name.upper(): value for name, value in environment.items()}, set[str]()
    for settings in (*EVERY_SETTINGS, CustodySettings, ApiSettings):
        values = settings()
        for name, field in settings.model_fields.items():
            variable = _variable(name, field)
            if variable not in told:
                told.add(variable)
                yield _setting(variable, getattr(values, name), given, options)
    for variable in (*_AWS, *_AWS_SECRETS):
        if value := given.get(variable):
            shown = HIDDEN if variable in _AWS_SECRETS else redacted(value)
            yield Entry(kind=Kind.SETTING, name=variable, state=Origin.ENVIRONMENT, found=shown)


def _setting(variable: str, value: object, given: Mapping[str, str], options: Mapping[str, str]) -> Entry:
    shown = "–" if value is None or value == "" else redacted(str(value))
    origin = Origin.ENVIRONMENT if variable in given else Origin.DEFAULT
    if variable not in given and f"{variable}_FILE" in given:
        shown, origin = HIDDEN, Origin.FILE
    elif isinstance(value, SecretStr):
        shown = HIDDEN
    elif variable in options and options[variable] != given.get(variable):
        shown, origin = redacted(options[variable]), Origin.OPTION
    return Entry(kind=Kind.SETTING, name=variable, state=origin, found=shown)


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"{_PREFIX}{name.upper()}"


_PREFIX = ProcessSettings.model_config.get("env_prefix", "")
