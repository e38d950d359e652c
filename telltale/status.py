"""A home folder in; what runs there out, as JSON or as a table."""

from pathlib import Path

from rich.table import Table

from telltale import run_state
from telltale.run_state import ChildState, RunState
from telltale.terminal import out, say_json

NOTHING_RUNS = 1
_STYLES = {
    ChildState.READY: "green",
    ChildState.COLD: "blue",
    ChildState.STARTING: "yellow",
    ChildState.BACKING_OFF: "red",
    ChildState.STOPPED: "dim",
}


def run(home: Path, *, as_json: bool) -> int:
    """Print the state of the run in ``home``; 0 where one goes on, 1 where none does."""
    state = run_state.read(home)
    if as_json:
        say_json(state.model_dump(mode="json"))
    else:
        _show(state)
    return 0 if state.running else NOTHING_RUNS


def _show(state: RunState) -> None:
    out.print(_headline(state), markup=False, soft_wrap=True)
    if state.started_at is None:
        return
    for name, value in (
        ("bucket", state.bucket),
        ("kafka", state.kafka),
        ("dashboard", state.dashboard),
        ("api", state.api),
    ):
        out.print(f"{name:10} {value or '–'}", markup=False, soft_wrap=True)
    names = [f"{name} (untrained)" if name in state.untrained else name for name in state.detectors]
    out.print(f"{'detectors':10} {', '.join(names) or '–'}", markup=False, soft_wrap=True)
    table = Table("stage", "state", "process", "restarts", "since", "remark", box=None, pad_edge=False)
    for name, stage in state.stages.items():
        word = f"[{_STYLES[stage.state]}]{stage.state.value.replace('_', ' ')}[/]"
        since = f"{stage.since.astimezone():%H:%M:%S}"
        table.add_row(name, word, str(stage.pid or "–"), str(stage.restarts), since, stage.detail or "")
    out.print(table)
    for stage, why in state.fuses.items():
        go_on = f"telltale dead-letters resume {stage} --home {state.home}"
        out.print(f"{stage} has stopped itself: {why}. Look: telltale dead-letters list; go on: {go_on}", markup=False)


def _headline(state: RunState) -> str:
    if state.started_at is None:
        return f"Nothing has run in {state.home} yet. Start it: telltale up --home {state.home}"
    if not state.running:
        return f"Nothing runs in {state.home}; this is how the last run ended."
    return f"Telltale runs in {state.home}" + ("." if state.ready else " and is not ready yet.")
