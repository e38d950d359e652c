"""``telltale detectors new`` and ``check``: the package of a new detector out; a detector held to its promises."""

from pathlib import Path

import detectors
from contracts.errors import BrokenDetector
from detectors.promises import PROMISES
from detectors.scaffold import TakenName, write_new
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.terminal import out


def new(name: str, folder: Path) -> None:
    """Write the package of a new detector and say what comes next.

    Raises:
        CommandFailed: the name is taken or no plain word, or the folder is not empty.
    """
    if name in detectors.names():
        raise CommandFailed(f"A detector is called {name} already.", exit_code=2)
    try:
        files = write_new(name, folder)
    except TakenName as why:
        raise CommandFailed(f"{why}.", exit_code=2) from why
    for file in files:
        out.print(str(file), markup=False, soft_wrap=True)
    out.print(f"Install it with: pip install -e {folder}", markup=False, soft_wrap=True)
    out.print(f"Then: telltale detectors check {name} --random-weights", markup=False, soft_wrap=True)


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
