"""``telltale train search CONFIG``: a configuration with ranges in; tried settings and the best configuration out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.run_claim import claimed
from detectors.training.runs.run_record import read_record, write_record
from detectors.training.runs.search import (
    GivenUp,
    Report,
    Search,
    SearchChanged,
    Trial,
    TrialsKeepFailing,
    best_of,
    search,
)
from detectors.training.runs.search_space import SpaceUnusable, configured, space_of
from detectors.training.runs.setting_paths import decides_what_is_watched, differing
from detectors.training.sources import Sources, sources_of
from telltale.errors import CommandFailed
from telltale.terminal import out, say, say_json
from telltale.train import INTERRUPTED, UNUSABLE, earlier, keep, mendable, same_command
from telltale.train_data import prepared
from telltale.train_session import trained
from telltale.training_bars import TrainingBar, quiet_logs
from telltale.training_config import Changes, read, section_in

BEST = "best.json"
_STYLES = {"finished": "green", "given up": "dim", "failed": "red"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How to search; ``space`` is a file with the section ``search`` where the configuration has none."""

    space: Path | None
    folder: Path | None
    trials: int
    seed: int
    prune: bool
    as_json: bool


def run(path: Path, changes: Changes, wish: Wish) -> None:
    """Try settings, show them from the best to the worst, and write the best configuration.

    Raises:
        CommandFailed: the configuration, the section or the data cannot be used, the folder holds another search,
            several trials in a row failed, or Ctrl-C (130).
    """
    file = read(path, changes)
    section = file.search if wish.space is None else section_in(wish.space)
    folder = wish.folder or file.config.out.with_name(f"{file.config.out.name}-search")
    try:
        asked = Search(file.config, space_of(section, file.config), folder, wish.seed, wish.prune)
        with mendable(), quiet_logs():
            prepared(file.config)
            trials = search(asked, _Training(asked), trials=wish.trials, ended=_tell)
    except (SpaceUnusable, SearchChanged) as why:
        raise CommandFailed(str(why), exit_code=UNUSABLE) from why
    except TrialsKeepFailing as why:
        raise CommandFailed(str(why)) from why
    except KeyboardInterrupt as why:
        raise CommandFailed(f"stopped; go on: {same_command()}", exit_code=INTERRUPTED) from why
    _show(asked, trials, as_json=wish.as_json)


class _Training:
    """Trains a trial in its folder; all trials are watched on the pairs of the configuration they started from."""

    def __init__(self, asked: Search) -> None:
        self._base = asked.base

    def __call__(self, config: TrainingConfig, report: Report) -> float:
        """The best watch AUC of the run."""
        before = earlier(config)
        with claimed(config.out), TrainingBar(config.name, config.schedule.steps, before.step if before else 0) as bar:
            try:
                trained(config, self._sources(config), bar, report)
            except GivenUp:
                write_record(read_record(config.out).model_copy(update={"state": "stopped early"}), config.out)
                raise
        best = read_record(config.out).best
        if best is None:
            raise RuntimeError(f"{config.name} ended without a check")
        return best.watch_auc

    def _sources(self, config: TrainingConfig) -> Sources:
        sources = sources_of(config)
        changed = differing([config.model_dump(mode="json"), self._base.model_dump(mode="json")])
        if not any(decides_what_is_watched(path) for path in changed):
            return sources
        view = {"pairs.input_px": config.pairs.input_px, "pairs.margin": config.pairs.margin}
        return replace(sources, watch=sources_of(configured(self._base, view)).watch)


def _tell(trial: Trial) -> None:
    auc = f", watch AUC {trial.watch_auc:.4f}" if trial.watch_auc is not None else ""
    settings = ", ".join(f"{path} {_short(value)}" for path, value in trial.settings.items())
    say(f"trial {trial.number}: {trial.state}{auc} ({settings})" + (f": {trial.why}" if trial.why else ""))


def _show(asked: Search, trials: Sequence[Trial], *, as_json: bool) -> None:
    best = best_of(tuple(trials))
    if best is not None:
        keep(asked.best_config(best.settings), asked.folder / BEST)
    if as_json:
        say_json({"trials": [_as_json(one) for one in trials], "best": _as_json(best) if best else None})
        return
    ranked = sorted(trials, key=lambda one: (one.state != "finished", -(one.watch_auc or 0.0), one.number))
    table = Table("trial", "state", "watch AUC", *asked.space, box=None, pad_edge=False)
    for one in ranked:
        auc = f"{one.watch_auc:.4f}" if one.watch_auc is not None else "–"
        values = (_short(one.settings.get(path)) for path in asked.space)
        table.add_row(str(one.number), f"[{_STYLES[one.state]}]{one.state}[/]", auc, *values)
    out.print(table)
    if best is None:
        raise CommandFailed("No trial was finished, so there are no best settings")
    say("The best of many looks better than it is: measure its weights on people that no trial was watched on.")
    out.print(f"Best settings: {asked.folder / BEST}", markup=False, soft_wrap=True)
    say(f"Train them, for instance with other seeds: telltale train {asked.folder / BEST} --seed 2 --out DIR")


def _as_json(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state,
        "watch_auc": trial.watch_auc,
        "settings": trial.settings,
        "folder": str(trial.folder),
        "why": trial.why,
    }


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
