"""``telltale runs``: folders and names of training runs in; what they are, did and differ in out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from detectors.training.runs.listing import Comparison, NoSuchRun, Run, compared, pace_of, run_named, runs_below
from detectors.training.runs.run_record import Check, RunRecord, UnreadableRun
from detectors.training.runs.setting_paths import changed_from_defaults
from telltale.errors import CommandFailed
from telltale.runs_page import page_of, sparkline
from telltale.terminal import err, out, say_json

NO_RUN = 2
NOTHING = "–"
_STYLES = {"running": "blue", "finished": "green", "stopped early": "green", "interrupted": "yellow", "failed": "red"}


def show_all(folder: Path, *, as_json: bool) -> None:
    """One line per run below ``folder``; damaged records are named on stderr.

    Raises:
        CommandFailed: there is no such folder; exit code 2.
    """
    if not folder.is_dir():
        raise CommandFailed(f"There is no folder {folder}", exit_code=NO_RUN)
    found = runs_below(folder)
    for damaged in found.damaged:
        err.print(f"Left out: {damaged.why}", markup=False, style="yellow", soft_wrap=True)
    if as_json:
        for run in found.runs:
            say_json(_summary(run))
        return
    if not found.runs:
        out.print(f"No runs below {folder}.", markup=False)
        return
    table = Table("run", "state", "seed", "steps", "best watch AUC", "time", "weights", box=None, pad_edge=False)
    for run in found.runs:
        record = run.record
        state, steps = f"[{_STYLES[run.state]}]{run.state}[/]", f"{record.step}/{record.steps}"
        table.add_row(
            record.name, state, str(record.seed), steps, _best(record), duration(record.trained_s), _hash(record)
        )
    out.print(table)


def show(name: str, below: Path, *, as_json: bool, page: Path | None) -> None:
    """Everything that is known of one run. Raises ``CommandFailed`` where there is none."""
    run = _run(name, below)
    if page is not None:
        _write(page, [run])
    if as_json:
        record = run.record.model_dump(mode="json")
        say_json({**_summary(run), "changed": changed_from_defaults(run.record.config), "record": record})
        return
    for line in (_headline(run), *_facts(run), "", "Settings other than the defaults:"):
        out.print(line, markup=False, soft_wrap=True)
    for path, value in changed_from_defaults(run.record.config).items():
        out.print(f"  {path:28} {_short(value)}", markup=False, soft_wrap=True)
    _show_history(run.record.history)


def compare(names: Sequence[str], below: Path, *, as_json: bool, page: Path | None) -> None:
    """Runs side by side.

    Raises:
        CommandFailed: fewer than two runs are named, or one is not there; exit code 2.
    """
    if len(names) < 2:
        raise CommandFailed("Name at least two runs to compare", exit_code=NO_RUN)
    runs = [_run(name, below) for name in names]
    seen = compared(runs)
    if page is not None:
        _write(page, runs)
    if as_json:
        say_json(
            {
                "runs": [_summary(run) for run in runs],
                "settings": seen.settings,
                "incomparable": list(seen.incomparable),
            }
        )
        return
    out.print(_side_by_side(runs, seen))
    if seen.incomparable:
        said = ", ".join(seen.incomparable)
        out.print(
            f"\nTheir watch AUCs cannot be compared: the runs differ in {said}, so each was watched on other pictures. "
            "Measure their weights on the same people instead.",
            markup=False,
            soft_wrap=True,
        )


def duration(seconds: float) -> str:
    """Hours, minutes or seconds in short."""
    minutes = round(seconds / 60.0)
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _run(name: str, below: Path) -> Run:
    try:
        return run_named(name, below)
    except (NoSuchRun, UnreadableRun) as why:
        raise CommandFailed(str(why.args[0]), exit_code=NO_RUN) from why


def _summary(run: Run) -> dict[str, Any]:
    record = run.record
    weights = record.artefacts.weights
    return {
        "name": record.name,
        "folder": str(run.folder),
        "state": run.state,
        "seed": record.seed,
        "step": record.step,
        "steps": record.steps,
        "best": record.best.model_dump() if record.best else None,
        "trained_s": record.trained_s,
        "pictures_per_s": pace_of(record),
        "weights": weights.model_dump() if weights else None,
    }


def _headline(run: Run) -> str:
    record = run.record
    return f"{record.name} (seed {record.seed}): {run.state}, {record.step} of {record.steps} steps"


def _facts(run: Run) -> list[str]:
    record, weights = run.record, run.record.artefacts.weights
    pace = pace_of(record)
    skipped = [f"  {one.path}: {one.why}" for one in record.skipped[:10]]
    more = [f"  and {len(record.skipped) - 10} more"] if len(record.skipped) > 10 else []
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.model_dump().items())
    return [
        f"folder          {run.folder}",
        f"started         {record.started_at:%Y-%m-%d %H:%M} UTC, gone on {record.resumed} times",
        f"trained         {duration(record.trained_s)}" + (f" at {pace:.0f} pictures/s" if pace else ""),
        f"best watch AUC  {_best(record)}",
        f"weights         {f'{run.folder / weights.file} (SHA-256 {weights.sha256})' if weights else NOTHING}",
        f"made with       {versions}",
        *([f"skipped         {len(record.skipped)} files"] if skipped else []),
        *skipped,
        *more,
    ]


def _show_history(history: Sequence[Check]) -> None:
    if not history:
        out.print("\nNo check has been made yet.", markup=False)
        return
    out.print(f"\nloss       {sparkline([one.loss for one in history])}", markup=False)
    out.print(f"watch AUC  {sparkline([one.watch_auc for one in history])}\n", markup=False)
    table = Table("step", "loss", "watch AUC", "watch LogLoss", "rate", "pictures/s", box=None, pad_edge=False)
    for one in history:
        figures = (f"{one.loss:.4f}", f"{one.watch_auc:.4f}", f"{one.watch_log_loss:.4f}")
        table.add_row(str(one.step), *figures, f"{one.learning_rate:.2e}", f"{one.pictures_per_s:.1f}")
    out.print(table)


def _side_by_side(runs: Sequence[Run], seen: Comparison) -> Table:
    figures: Mapping[str, Callable[[Run], str]] = {
        "state": lambda run: run.state,
        "steps": lambda run: f"{run.record.step}/{run.record.steps}",
        "best watch AUC": lambda run: _best(run.record),
        "last loss": lambda run: f"{run.record.history[-1].loss:.4f}" if run.record.history else NOTHING,
        "trained": lambda run: duration(run.record.trained_s),
        "weights": lambda run: _hash(run.record),
    }
    table = Table("", *(run.record.name for run in runs), box=None, pad_edge=False)
    for title, figure in figures.items():
        table.add_row(title, *(figure(run) for run in runs))
    for path, values in seen.settings.items():
        table.add_row(path, *(_short(value) for value in values))
    return table


def _write(page: Path, runs: Sequence[Run]) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_of(runs), encoding="utf-8")
    err.print(f"Curves are in {page}.", markup=False, style="dim", soft_wrap=True)


def _best(record: RunRecord) -> str:
    return f"{record.best.watch_auc:.4f} at step {record.best.step}" if record.best else NOTHING


def _hash(record: RunRecord) -> str:
    return record.artefacts.weights.sha256[:12] if record.artefacts.weights else NOTHING


def _short(value: Any) -> str:
    text = NOTHING if value is None else str(value)
    return text if len(text) <= 70 else f"{text[:67]}..."
