"""``telltale detectors new`` and ``check``: the package of a new detector out; a detector held to its promises."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import detectors
from contracts.errors import BrokenDetector
from detectors.detector import ManipulationKind
from detectors.promises import PROMISES
from detectors.scaffold import TakenName, write_from_run, write_new
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.terminal import out

CALIBRATION = "calibration.json"


def new(name: str, folder: Path, home: Path, *, from_run: Path | None = None, looks_for: Sequence[str] = ()) -> None:
    """Write the package of a new detector and say what comes next; with ``from_run`` that of a training run.

    ``looks_for`` are the kinds of manipulation of a run whose settings do not tell them.

    Raises:
        CommandFailed: the name is taken or no plain word, the folder is not empty, the run has no usable weights, or
            nothing tells what it looks for.
    """
    if name in detectors.names():
        raise CommandFailed(f"A detector is called {name} already.", exit_code=2)
    try:
        files = write_new(name, folder) if from_run is None else _from_run(name, folder, home, from_run, looks_for)
    except TakenName as why:
        raise CommandFailed(f"{why}.", exit_code=2) from why
    for file in files:
        out.print(str(file), markup=False, soft_wrap=True)
    random_weights = "" if from_run else " --random-weights"
    out.print(f"Install it with: pip install -e {folder}", markup=False, soft_wrap=True)
    out.print(f"Then: telltale detectors check {name}{random_weights}", markup=False, soft_wrap=True)
    if from_run:
        out.print(f"And:  telltale scan CLIP --detectors {name}", markup=False, soft_wrap=True)


def _from_run(name: str, folder: Path, home: Path, run: Path, looks_for: Sequence[str]) -> list[Path]:
    from detectors.run_package import UnfitRun

    known = get_args(ManipulationKind)
    if unknown := [kind for kind in looks_for if kind not in known]:
        told = f"{unknown[0]!r} is no kind of manipulation; there are {', '.join(known)}"
        raise CommandFailed(f"{told}.", exit_code=2)
    kinds = [kind for kind in known if kind in looks_for]
    try:
        return write_from_run(name, folder, run, fitted=weights_folder(home) / name / CALIBRATION, looks_for=kinds)
    except UnfitRun as why:
        raise CommandFailed(f"{why}.", exit_code=2) from why


def check(name: str, home: Path, *, random_weights: bool) -> int:
    """Print one line per promise; 0 when all are kept, else 1.

    Raises:
        UnknownDetector, DetectorUnavailable: it cannot be loaded; the message says why.
    """
    detector = detectors.create(name, weights=weights_folder(home), allow_untrained=random_weights)
    broken = 0
    for promise in PROMISES:
        words = promise.__name__.replace("_", " ")
        try:
            promise(detector)
        except BrokenDetector as why:
            broken += 1
            out.print(f"[red]broken[/]  {words}: {why}")
        else:
            out.print(f"[green]kept[/]    {words}")
    return 1 if broken else 0
