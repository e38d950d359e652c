"""``telltale detectors list`` and ``fetch``: names in; a line for each detector, and fetched weights, out."""

from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

import detectors
from detectors.fetching import OnProgress
from detectors.fetching import fetch as fetch_weights
from detectors.weights import folder_of, version_of
from telltale.terminal import err, out, say_json
from telltale.weights_in_bucket import WeightsInBucket, is_bucket


def weights_folder(home: Path) -> Path:
    """Where fetched weights lie unless somebody says otherwise."""
    return home.expanduser().absolute() / "weights"


def show_all(home: Path, *, as_json: bool) -> None:
    """One line per detector."""
    table = Table("detector", "version", "looks for", "state", "", box=None, pad_edge=False)
    for name in detectors.names():
        card, state = detectors.card(name), detectors.availability(name, weights_folder(home))
        if as_json:
            say_json({**card.spec.model_dump(mode="json"), "lifecycle": card.lifecycle, "available": state.available})
        word = "[green]can run[/]" if state.available else "[yellow]cannot run[/]"
        looks_for = ", ".join(card.spec.looks_for).replace("_", " ")
        version = version_of(card, folder_of(card, weights_folder(home)) if state.available else None)
        table.add_row(name, version, looks_for, word, "" if state.available else state.detail)
    if not as_json:
        out.print(table)


def fetch(name: str, source: str | None, home: Path, *, replace: bool) -> None:
    """Get the weights of one detector, with a progress bar.

    Raises:
        UnknownDetector, DetectorUnavailable, NotNow: as ``detectors.fetching.fetch``.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    place = WeightsInBucket(source) if source and is_bucket(source) else source
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        result = fetch_weights(name, weights_folder(home), place, _shown_on(bars), replace=replace)
    if detectors.card(name).shipped:
        out.print(f"The weights of {name} are part of Telltale; there is nothing to fetch.")
    for file in result.files:
        out.print(f"{file.file}  {file.sha256}", markup=False, soft_wrap=True)
    if result.missing:
        out.print(f"Still missing: {', '.join(result.missing)}", markup=False)
    out.print(detectors.availability(name, weights_folder(home)).detail, markup=False)


def _shown_on(bars: Progress) -> OnProgress:
    tasks: dict[str, TaskID] = {}

    def show_progress(file: str, done_bytes: int, total_bytes: int | None) -> None:
        if file not in tasks:
            tasks[file] = bars.add_task(file, total=total_bytes)
        bars.update(tasks[file], completed=done_bytes, total=total_bytes)

    return show_progress
