"""``telltale demo``: nothing, or files, in; the pipeline run on them from start to stop, their verdicts printed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.vocabulary import Reason, Verdict
from ingest import sample_media
from telltale import run_state
from telltale.child_process import start_child, stop_child
from telltale.deployment import ROOT
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of_run
from telltale.outcomes import Outcome, table_of
from telltale.paths import files_of
from telltale.run_state import ChildState, RunState
from telltale.submit import put_all, wait_for
from telltale.terminal import err, out, say
from telltale.verdict_feed import VerdictFeed

START_TIMEOUT_S = 420.0
STOP_GRACE_S = 60.0
NOT_AS_EXPECTED = 1


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is the right kind of outcome for a file, as a test and in words."""

    met_by: Callable[[Outcome], bool]
    words: str


def run(paths: Sequence[str], *, dashboard: bool, timeout_s: float) -> int:
    """Run the demo; 0 if each file got its right kind of outcome (for given files: any verdict or dead letter).

    Raises:
        CommandFailed: a path names nothing, or the pipeline did not start.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing may be left running, however we are ended
    with tempfile.TemporaryDirectory(prefix="telltale-demo-") as folder:
        files = files_of(paths) if paths else _make_files(Path(folder, "made"))
        with pipeline(Path(folder, "home"), dashboard=dashboard) as state:
            outcomes = _judged(files, state, timeout_s)
    out.print(table_of(outcomes))
    return report(outcomes, files, EXPECTED if not paths else {})


def _make_files(folder: Path) -> list[Path]:
    with err.status("Making two clips with a face, a picture, a clip without a face and a broken file"):
        return list(sample_media.make_all(folder).values())


def _judged(files: Sequence[Path], state: RunState, timeout_s: float) -> list[Outcome]:
    begun_s = time.monotonic()
    with VerdictFeed(kafka_of_run(state)) as feed:
        submitted = put_all(files, state)
        outcomes = wait_for(submitted, feed, timeout_s=timeout_s)
    say(f"{len(outcomes)} of {len(files)} outcomes in {time.monotonic() - begun_s:.1f} s")
    return [Outcome(path=Path(outcome.path).name, news=outcome.news) for outcome in outcomes]


@contextmanager
def pipeline(home: Path, *, dashboard: bool) -> Iterator[RunState]:
    """A pipeline of its own in ``home``, ready when it is handed over, gone with everything it started afterwards."""
    home.mkdir(parents=True)
    log = home / "demo.log"
    switch = "--dashboard" if dashboard else "--no-dashboard"
    choices = ("--home", str(home), "--bucket", str(home / "bucket"), switch, "--no-api")
    command = [sys.executable, "-m", "telltale", "up", *choices]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = start_child(command, env={**os.environ, "PYTHONPATH": path}, log=log)
    try:
        yield _wait_until_ready(child, home, log)
    finally:
        with err.status("Stopping"):
            stop_child(child, grace_s=STOP_GRACE_S)


def _wait_until_ready(child: subprocess.Popen[bytes], home: Path, log: Path) -> RunState:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    with err.status("Starting the pipeline") as progress:
        while not (state := run_state.read(home)).ready:
            if child.poll() is not None:
                raise CommandFailed(_last_words(log))
            if time.monotonic() > give_up_s:
                raise CommandFailed(f"The pipeline did not get ready in {START_TIMEOUT_S:.0f} s: {_laggards(state)}.")
            progress.update(_told(state))
            time.sleep(0.2)
    say(f"The pipeline is ready: {', '.join(state.stages)}")
    return state


def _told(state: RunState) -> str:
    ready = [name for name, stage in state.stages.items() if stage.state is ChildState.READY]
    return f"Starting the pipeline: {', '.join(ready)} ready" if ready else "Starting the pipeline"


def _laggards(state: RunState) -> str:
    late = (f"{name} is {stage.state}" for name, stage in state.stages.items() if stage.state is not ChildState.READY)
    return ", ".join(late) or "Kafka did not answer"


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].removeprefix("telltale: ") if lines else "The pipeline ended while starting."


def report(outcomes: Sequence[Outcome], files: Sequence[Path], expected: dict[str, Expectation]) -> int:
    """Say which files did not get what they should have; 0 if none."""
    by_name = {outcome.path: outcome for outcome in outcomes}
    amiss = 0
    for file in files:
        outcome, wanted = by_name.get(file.name), expected.get(file.name)
        if outcome is None:
            amiss += 1
            out.print(f"{file.name}: no outcome came", markup=False)
        elif wanted and not wanted.met_by(outcome):
            amiss += 1
            out.print(f"{file.name}: expected {wanted.words}", markup=False)
    if not amiss:
        out.print("Each file got its right kind of outcome.")
    return NOT_AS_EXPECTED if amiss else 0


def _says(*verdicts: Verdict) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome.verdict is not None and outcome.verdict.verdict in verdicts


def _not_assessed_because(*reasons: Reason) -> Callable[[Outcome], bool]:
    def met(outcome: Outcome) -> bool:
        verdict = outcome.verdict
        return verdict is not None and verdict.verdict is Verdict.NOT_ASSESSED and bool({*reasons} & {*verdict.reasons})

    return met


def _cannot_be_read(outcome: Outcome) -> bool:
    unreadable = _not_assessed_because(Reason.UNSUPPORTED_FORMAT, Reason.DECODE_ERROR)
    return outcome.verdict is None or unreadable(outcome)


_GENUINE = Expectation(
    met_by=_says(Verdict.NO_EVIDENCE_FOUND, Verdict.INCONCLUSIVE, Verdict.SOME_EVIDENCE),
    words="a look at it, and not 'likely manipulated'",
)
EXPECTED = {
    sample_media.GENUINE: _GENUINE,
    sample_media.PICTURE: _GENUINE,
    sample_media.SWAPPED: Expectation(
        met_by=_says(Verdict.LIKELY_MANIPULATED, Verdict.SOME_EVIDENCE), words="evidence of manipulation"
    ),
    sample_media.NO_FACE: Expectation(
        met_by=_not_assessed_because(Reason.NO_FACE), words="'not assessed', for no face"
    ),
    sample_media.CORRUPT: Expectation(met_by=_cannot_be_read, words="'not assessed', for it cannot be read"),
}
