"""A folder in; Apache Kafka's jars in it out, fetched once by Maven; ``kafka_pom.xml`` beside this file names them."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from telltale.errors import MissingPart

Tell = Callable[[str], None]
LIBS_VARIABLE = "TELLTALE_KAFKA_LIBS"
LEAST_JAVA = 17
WAYS_OUT = (
    f"Install a Java runtime {LEAST_JAVA} or newer and Maven (Debian: apt install openjdk-17-jre-headless maven), "
    "or set KAFKA_BOOTSTRAP_SERVERS to a Kafka that already runs."
)

_JARS_THAT_MUST_BE_THERE = ("kafka_2.13-4.1.0.jar", "kafka-server-4.1.0.jar", "slf4j-simple-1.7.36.jar")


def libs_folder(kafka_folder: Path) -> Path:
    """Where the jars lie: the folder that TELLTALE_KAFKA_LIBS names, else ``kafka_folder/libs``."""
    named = os.environ.get(LIBS_VARIABLE)
    return Path(named) if named else kafka_folder / "libs"


def has_jars(libs: Path) -> bool:
    """Whether the jars lie in ``libs`` already."""
    return all((libs / name).is_file() for name in _JARS_THAT_MUST_BE_THERE)


def fetch_jars(libs: Path, *, tell: Tell = lambda sentence: None) -> None:
    """Let Maven copy Kafka's jars into ``libs`` unless they are there; safe to call from several processes.

    Raises:
        MissingPart: Maven is missing or could not fetch them.
    """
    if has_jars(libs):
        return
    with _alone(libs):
        if not has_jars(libs):
            tell("Fetching Apache Kafka's jars with Maven (once, about 45 MB)")
            _copy_with_maven(libs)


def _copy_with_maven(libs: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingPart(f"Kafka's jars come through Maven, and there is no mvn on PATH. {WAYS_OUT}")
    work = libs.with_name(f"{libs.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    pom = work / "pom.xml"
    pom.write_text(resources.files("telltale").joinpath("kafka_pom.xml").read_text(encoding="utf-8"), encoding="utf-8")
    copied = work / "jars"
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={copied}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work)
    if done.returncode or not has_jars(copied):
        why = last_line(done.stdout + done.stderr)
        raise MissingPart(f"Maven could not fetch Kafka's jars: {why} {WAYS_OUT}")
    shutil.rmtree(libs, ignore_errors=True)
    copied.rename(libs)
    shutil.rmtree(work)


@contextmanager
def _alone(libs: Path) -> Iterator[None]:
    libs.parent.mkdir(parents=True, exist_ok=True)
    with libs.with_name(f"{libs.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def last_line(text: str) -> str:
    """Of a program's output the line that says best what went wrong."""
    errors = [line for line in text.splitlines() if "[ERROR]" in line] or text.strip().splitlines() or ["no output"]
    return errors[0].replace("[ERROR]", "").strip()


if __name__ == "__main__":
    fetch_jars(libs_folder(Path(".telltale/kafka")), tell=lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201
