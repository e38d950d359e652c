"""Steps, checks and found faces in; progress bars on a terminal and plain lines elsewhere out."""

from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from detectors.training.faces import FaceSearch
from telltale.terminal import err, say

_LINES_PER_RUN = 20
_TOLD_OTHERWISE = ("labelled files are skipped",)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Only warnings of the training itself, on stderr, as lines above the bars."""
    before = structlog.get_config()
    structlog.configure(processors=[_only_warnings, _as_line], logger_factory=_ToTerminal)
    try:
        yield
    finally:
        structlog.configure(**before)


def counted(names: Iterable[str], title: str, total: int) -> None:
    """Go through ``names`` to the end while a bar tells how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        for _ in bars.track(names, total=total, description=title):
            pass


class CountedSearch:
    """Finds faces as ``FaceSearch`` does, and counts the pictures that it looked at."""

    def __init__(self, bars: Progress) -> None:
        self._search, self._bars = FaceSearch(), bars
        self._task = bars.add_task("Finding faces in labelled media", total=None, start=True)

    def largest(self, pixels: Any, person: str = "") -> Any:
        """The most prominent sure face of a picture, or nothing."""
        self._bars.advance(self._task)
        return self._search.largest(pixels, person)


@contextmanager
def labelled_search() -> Iterator[CountedSearch]:
    """A face search with a counter; how many pictures there are is only known when they are opened."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} pictures"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        yield CountedSearch(bars)


class TrainingBar:
    """Shows a run: loss, watch AUC, pictures per second and the time left."""

    def __init__(self, name: str, steps: int, first_step: int = 0) -> None:
        self._name, self._steps = name, steps
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
        self._task: TaskID = self._bars.add_task(name, total=steps, completed=first_step, said="")
        self._watched = ""
        self._told = first_step

    def __enter__(self) -> "TrainingBar":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stepped(self, step: int, loss: float, pictures_per_s: float) -> None:
        """Tell of a step; elsewhere than on a terminal about twenty times per run."""
        said = f"loss {loss:.3f}  {pictures_per_s:.3g} pictures/s{self._watched}"
        self._bars.update(self._task, completed=step, said=said)
        if not err.is_terminal and step - self._told >= max(1, self._steps // _LINES_PER_RUN):
            self._told = step
            say(f"{self._name}: step {step} of {self._steps}, {said.replace('  ', ', ')}")

    def checked(self, step: int, watch_auc: float) -> None:
        """Tell of a look at the people that are watched."""
        self._watched = f"  watch AUC {watch_auc:.3f}"
        if not err.is_terminal:
            say(f"{self._name}: watch AUC {watch_auc:.4f} at step {step}")


class _ToTerminal:
    def __init__(self, *_: object) -> None: ...

    def msg(self, line: str) -> None:
        err.print(line, markup=False, style="yellow", soft_wrap=True)

    warning = warn = error = critical = exception = fatal = info = debug = log = msg


def _only_warnings(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if level in ("debug", "info") or event["event"] in _TOLD_OTHERWISE:
        raise structlog.DropEvent
    return event


def _as_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    text = str(event.pop("event"))
    facts = ", ".join(f"{name} {value}" for name, value in event.items() if name != "exc_info")
    return f"{text}: {facts}" if facts else text
