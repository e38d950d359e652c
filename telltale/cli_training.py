"""``telltale train`` and ``telltale runs`` in, the right command called; heavy imports stay in the commands."""

from pathlib import Path
from typing import Annotated

import typer

from telltale.training_groups import RunsGroup, TrainGroup

RUNS = Path("runs")

train_app = typer.Typer(
    cls=TrainGroup,
    no_args_is_help=True,
    help=(
        "Train a detector: `telltale train CONFIG` trains as a JSON file says and goes on with a run that was stopped; "
        "`telltale train search CONFIG --trials N` tries settings and writes the best ones. "
        "`telltale train CONFIG --help` lists the options of a run."
    ),
)
runs_app = typer.Typer(
    cls=RunsGroup,
    help=(
        "Look at training runs: `telltale runs [DIR]` lists those below a folder, `telltale runs show RUN` tells of "
        "one, `telltale runs compare RUN RUN` lays some side by side."
    ),
)

Config = Annotated[Path, typer.Argument(help="JSON file with the settings of the run.", show_default=False)]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N. (default: the file's)")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value for one setting, as schedule.steps=200; may be given more than once."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Below = Annotated[Path, typer.Option("--below", help="Folder in which runs are looked for by name.")]


@train_app.command("run")
def train_run(
    config: Config,
    folder: Annotated[Path | None, typer.Option("--out", help="Folder of the run. (default: the file's)")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the run. (default: the file's)")] = None,
    device: Device = None,
    settings: Settings = None,
) -> None:
    """Train as CONFIG says; the word `run` may be left out. The same command goes on with a run that was stopped."""
    from telltale import train as command
    from telltale.training_config import Changes

    command.run(config, Changes(out=folder, seed=seed, device=device, settings=settings or ()))


@train_app.command("search")
def train_search(
    config: Config,
    trials: Annotated[int, typer.Option(min=1, help="How many trials to finish, earlier ones counted.")] = 20,
    space: Annotated[
        Path | None, typer.Option(help="JSON file with ranges and choices. (default: `search` in CONFIG)")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder of the study and its runs. (default: the file's, with -search)")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn.")] = 1,
    prune: Annotated[
        bool, typer.Option("--prune/--no-prune", help="Give up trials below the median of the others.")
    ] = True,
    device: Device = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Train with settings that are drawn from ranges and choices; the best ones are written as a configuration."""
    from telltale import train_search as command
    from telltale.training_config import Changes

    wish = command.Wish(space=space, folder=folder, trials=trials, seed=seed, prune=prune, as_json=as_json)
    command.run(config, Changes(device=device, settings=settings or ()), wish)


@runs_app.command("list")
def runs_list(
    folder: Annotated[Path, typer.Argument(help="Folder of runs.")] = RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")] = False,
) -> None:
    """List the runs below a folder; the word `list` may be left out."""
    from telltale import runs as command

    command.show_all(folder, as_json=as_json)


@runs_app.command("show")
def runs_show(
    run: Annotated[str, typer.Argument(help="Name or folder of a run.", show_default=False)],
    below: Below = RUNS,
    as_json: AsJson = False,
    page: Annotated[Path | None, typer.Option("--html", help="Write a page with its curves to this file.")] = None,
) -> None:
    """Tell of one run: settings other than the defaults, and its progress as a table with curves."""
    from telltale import runs as command

    command.show(run, below, as_json=as_json, page=page)


@runs_app.command("compare")
def runs_compare(
    runs: Annotated[list[str], typer.Argument(help="Names or folders of two or more runs.", show_default=False)],
    below: Below = RUNS,
    as_json: AsJson = False,
    page: Annotated[Path | None, typer.Option("--html", help="Write a page with their curves to this file.")] = None,
) -> None:
    """Lay runs side by side: settings that differ, figures, and whether their figures can be compared."""
    from telltale import runs as command

    command.compare(runs, below, as_json=as_json, page=page)
