"""``telltale doctor``: a home folder, a bucket and detector names in; what each part lacks, and what to do, out."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import detectors
from contracts.errors import NotNow
from contracts.security import KafkaSettings
from dashboard.operations.health_reports import Finding
from ingest.kafka_login import address_of, knock
from telltale import kafka_jars, local_kafka
from telltale.deployment import S3, bucket_of, detectors_of
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.kafka_of_run import KAFKA_VARIABLE
from telltale.run_state import is_running
from telltale.terminal import out, say

LEAST_FREE_BYTES = 5 * 2**30
LEAST_MEMORY_BYTES = 5 * 2**30
SOMETHING_IS_MISSING = 1


@dataclass(frozen=True, kw_only=True)
class Check:
    """One part: how it is and, unless it is good, what to do. Only ``MISSING`` stops the pipeline."""

    part: str
    finding: Finding
    found: str
    do: str = ""


_MARKS = {Finding.GOOD: ("✓", "green"), Finding.LACKING: ("!", "yellow"), Finding.MISSING: ("✗", "red")}


def run(*, home: Path, bucket: str | None, detectors: str | None) -> int:
    """Print every check; 1 where a part that the pipeline needs is missing, else 0."""
    home = home.expanduser().absolute()
    return max((shown(check) for check in every_check(home, bucket, detectors)), default=0)


def shown(check: Check) -> int:
    """Print a check; what it adds to the exit status."""
    mark, style = _MARKS[check.finding]
    out.print(f"[{style}]{mark}[/] {check.part:20}", end="")
    out.print(check.found, markup=False, soft_wrap=True)
    if check.do:
        out.print(f"  {'':20}→ {check.do}", markup=False, soft_wrap=True)
    return SOMETHING_IS_MISSING if check.finding is Finding.MISSING else 0


def every_check(home: Path, bucket: str | None, names: str | None) -> Iterator[Check]:
    """All checks, one after the other, the quick ones first."""
    yield from quick_checks(home, bucket)
    yield ports_check()
    yield from detector_checks(names, home)


def quick_checks(home: Path, bucket: str | None) -> Iterator[Check]:
    """What takes no time to speak of: Python, places, memory, Kafka, bucket."""
    yield python_check(sys.version_info[:3])
    yield home_check(home)
    yield disk_check(home)
    yield memory_check()
    yield from kafka_checks(home)
    yield bucket_check(bucket, home)


def python_check(version: tuple[int, int, int]) -> Check:
    """Python is one of the versions that the locked packages were tested with."""
    found = ".".join(map(str, version))
    if (3, 11) <= version[:2] < (3, 13):
        return Check(part="Python", finding=Finding.GOOD, found=found)
    return Check(part="Python", finding=Finding.MISSING, found=found, do="Install Python 3.11 and run `make env`.")


def home_check(home: Path) -> Check:
    """The home folder can be written to."""
    if is_running(home):
        return Check(part="home", finding=Finding.GOOD, found=f"{home}; a pipeline runs there")
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError as why:
        do = "Give --home a folder that you may write to."
        return Check(part="home", finding=Finding.MISSING, found=f"{home}: {why.strerror}", do=do)
    return Check(part="home", finding=Finding.GOOD, found=str(home))


def disk_check(home: Path) -> Check:
    """There is room for Kafka's log and crop bundles."""
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 2**30:.1f} GiB free"
    if free >= LEAST_FREE_BYTES:
        return Check(part="disk", finding=Finding.GOOD, found=found)
    do = f"Free some space, or choose another --home; {LEAST_FREE_BYTES / 2**30:.0f} GiB are a good start."
    return Check(part="disk", finding=Finding.LACKING, found=found, do=do)


def memory_check() -> Check:
    """There is memory for all stages at once."""
    import psutil

    free = psutil.virtual_memory().available
    found = f"{free / 2**30:.1f} GiB available"
    if free >= LEAST_MEMORY_BYTES:
        return Check(part="memory", finding=Finding.GOOD, found=found)
    do = "`telltale up` wants about 5 GiB; `telltale scan` is content with 2."
    return Check(part="memory", finding=Finding.LACKING, found=found, do=do)


def kafka_checks(home: Path) -> Iterator[Check]:
    """A Kafka that was named answers; else Java and Maven are there to run one here."""
    if os.environ.get(KAFKA_VARIABLE) is None:
        yield from _local_kafka_checks(home)
        return
    try:
        given = address_of(KafkaSettings())
        knock(given)
    except (NotNow, ValueError) as why:
        do = f"Start it, correct {KAFKA_VARIABLE} and TELLTALE_KAFKA_…, or unset it to run a local Kafka."
        yield Check(part="Kafka", finding=Finding.MISSING, found=str(why), do=do)
    else:
        yield Check(part="Kafka", finding=Finding.GOOD, found=f"answers at {given} ({given.protocol})")


def _local_kafka_checks(home: Path) -> Iterator[Check]:
    try:
        local_kafka.require_java()
        yield Check(part="Java", finding=Finding.GOOD, found=f"version {local_kafka.java_version()}")
    except CommandFailed as why:
        yield Check(part="Java", finding=Finding.MISSING, found="none that can be used", do=str(why))
    libs = kafka_jars.libs_folder(home / "kafka")
    if kafka_jars.has_jars(libs):
        yield Check(part="Kafka", finding=Finding.GOOD, found=f"its jars lie in {libs}")
    elif shutil.which("mvn"):
        found = "not fetched yet; `telltale up` does it with Maven (about 45 MB)"
        yield Check(part="Kafka", finding=Finding.GOOD, found=found)
    else:
        found = "its jars are not here, and neither is Maven to fetch them"
        yield Check(part="Kafka", finding=Finding.MISSING, found=found, do=kafka_jars.WAYS_OUT)


def bucket_check(given: str | None, home: Path) -> Check:
    """A folder can be written to; an S3 bucket can be listed with the credentials of the environment."""
    try:
        address = bucket_of(given, home)
    except CommandFailed as why:
        return Check(part="bucket", finding=Finding.MISSING, found=str(why), do="Choose another --bucket.")
    in_s3 = address.startswith(S3)
    try:
        _list(address) if in_s3 else _write_into(Path(address))
    except Exception as why:  # noqa: BLE001 - whatever a store's library raises is the finding
        found = f"{address}: {' '.join(str(why).split())}"
        do = "Check its name, that its server runs (AWS_ENDPOINT_URL) and the credentials (AWS_ACCESS_KEY_ID …)."
        return Check(
            part="bucket",
            finding=Finding.MISSING,
            found=found,
            do=do if in_s3 else "Choose a folder that you may write to.",
        )
    return Check(part="bucket", finding=Finding.GOOD, found=f"{address} can be {'listed' if in_s3 else 'written to'}")


def _write_into(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def _list(address: str) -> None:
    from ingest.object_store import open_store

    # Only looks: a probe object would be picked up as an upload.
    next(iter(open_store(address).list()), None)


def ports_check() -> Check:
    """The dashboard's usual port is free; another one is taken where it is not."""
    if local_kafka.free_port(8501) == 8501:
        return Check(part="ports", finding=Finding.GOOD, found="8501 is free for the dashboard")
    return Check(part="ports", finding=Finding.GOOD, found="8501 is taken; the dashboard takes a free one")


def detector_checks(names: str | None, home: Path) -> Iterator[Check]:
    """Each detector has its weights, loads, and tells its two bundled probes apart."""
    weights = weights_folder(home)
    wanted = detectors_of(names).split(",")
    able = [name for name in wanted if detectors.availability(name, weights).available]
    for name in wanted:
        part = f"detector {name}"
        if name in able:
            say(f"Proving {name}")
            yield _proved(part, lambda name=name: _prove(name, weights))
        else:
            # One detector without weights is named in every verdict and stops nothing; none at all leaves no verdict.
            finding = Finding.LACKING if able else Finding.MISSING
            yield Check(part=part, finding=finding, found="cannot run", do=detectors.availability(name, weights).detail)


def _prove(name: str, weights: Path) -> str:
    from detectors import probe

    detector = detectors.create(name, weights=weights)
    probe.prove(detector)
    return f"version {detector.version}, loaded and proved"


def _proved(part: str, work: Callable[[], str]) -> Check:
    try:
        return Check(part=part, finding=Finding.GOOD, found=work())
    except Exception as why:  # noqa: BLE001 - whatever keeps a detector from running is the finding
        do = "Its weights or this installation are damaged: fetch the weights again, or run `make env`."
        return Check(part=part, finding=Finding.MISSING, found=" ".join(str(why).split()), do=do)
