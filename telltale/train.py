"""``telltale train CONFIG``: a configuration in; a trained network, the record of its run and what to do next out."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.run_claim import RunInUse, claimed
from detectors.training.runs.run_record import RECORD, RunRecord, UnreadableRun, read_record
from telltale.errors import CommandFailed
from telltale.runs import duration
from telltale.terminal import out, say
from telltale.train_data import prepared
from telltale.train_session import MENDABLE, trained
from telltale.training_bars import TrainingBar, quiet_logs
from telltale.training_config import Changes, read

INTERRUPTED = 130
UNUSABLE = 2
CONFIG = "config.json"


def run(path: Path, changes: Changes) -> None:
    """Find faces, train, and say where everything is; a run that was stopped goes on.

    Raises:
        CommandFailed: the configuration or the data cannot be used, the folder holds another run, or Ctrl-C (130).
    """
    config = read(path, changes).config
    with mendable(), quiet_logs(), claimed(config.out):
        before = earlier(config)
        sources = prepared(config)
        with TrainingBar(config.name, config.schedule.steps, before.step if before else 0) as bar:
            try:
                trained(config, sources, bar)
            except KeyboardInterrupt as why:
                raise CommandFailed(_how_to_go_on(config), exit_code=INTERRUPTED) from why
        keep(config, config.out / CONFIG)
    _tell(config, read_record(config.out))


def earlier(config: TrainingConfig) -> RunRecord | None:
    """What an earlier start of this run wrote down; nothing where there was none.

    Raises:
        UnreadableRun: its record cannot be read, so nobody knows what is in the folder.
    """
    try:
        return read_record(config.out)
    except FileNotFoundError:
        return None


def keep(config: TrainingConfig, path: Path) -> None:
    """Write a configuration as a file that the command takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")


@contextmanager
def mendable() -> Iterator[None]:
    """Turn what a person can mend into one sentence."""
    try:
        yield
    except (RunInUse, UnreadableRun, FileNotFoundError, *MENDABLE) as why:
        raise CommandFailed(" ".join(str(why).split()), exit_code=UNUSABLE) from why


def same_command() -> str:
    """The command line of this process, to be typed again."""
    return shlex.join(["telltale", *sys.argv[1:]])


def _how_to_go_on(config: TrainingConfig) -> str:
    record = earlier(config)
    where = f"{record.step} of {record.steps} steps" if record else "before the first step"
    return f"stopped after {where}, which are kept in {config.out}; go on: {same_command()}"


def _tell(config: TrainingConfig, record: RunRecord) -> None:
    best = f", best watch AUC {record.best.watch_auc:.4f} at step {record.best.step}" if record.best else ""
    ended = "" if record.state == "finished" else f" ({record.state})"
    took = duration(record.trained_s)
    weights = record.artefacts.weights
    out.print(
        f"{record.name}: {record.step} of {record.steps} steps{ended} in {took}{best}", markup=False, soft_wrap=True
    )
    if weights is not None:
        say_place("weights", config.out / weights.file, f" (SHA-256 {weights.sha256})")
    say_place("record", config.out / RECORD)
    say_place("settings", config.out / CONFIG)
    say("Next:")
    for command, what in _next(config, weights.file if weights else None):
        say(f"  {command}\n      {what}")


def say_place(name: str, path: Path, remark: str = "") -> None:
    """One line of the result: what lies where."""
    out.print(f"  {name:9} {path}{remark}", markup=False, soft_wrap=True)


def _next(config: TrainingConfig, weights: str | None) -> Iterator[tuple[str, str]]:
    settings = shlex.quote(str(config.out / CONFIG))
    yield f"telltale runs show {shlex.quote(str(config.out))}", "its settings and its curves"
    if weights is not None:
        yield f"python -m detectors.training {settings} --measure", "measure it on people and clips that it never saw"
        name, folder = config.name.replace("_", "-"), shlex.quote(str(config.out))
        yield (
            f"telltale detectors new {name} --from-run {folder}",
            "make a detector of it, which every command then takes",
        )
