"""A configuration and a space of settings in; trials, each a training run of its own, and the best settings out.

Settings are drawn by the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) as Optuna has it; trials that
fall below the median of the others at the same step are given up. The study is an SQLite file, so it can go on later.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.run_claim import claimed
from detectors.training.runs.run_record import UnreadableRun, read_record
from detectors.training.runs.search_space import Space, configured, drawn

STUDY = "study.sqlite3"
RANDOM_TRIALS = 5
COMPARED_FROM = 3
_MOST_FAILURES = 3
_NAME = "settings"
_FAILURE = "failure of "
_HOW_NOT_WHAT = ("threads", "workers", "device")

TrialWord = Literal["finished", "given up", "failed", "interrupted"]
Report = Callable[[int, float], None]
Objective = Callable[[TrainingConfig, Report], float]


class GivenUp(Exception):
    """A trial is worse than the others at this step; raised through the objective, which lets it pass."""


class SearchChanged(ValueError):
    """The folder holds a study of another configuration, other ranges or another seed."""


class TrialsKeepFailing(RuntimeError):
    """Several trials in a row ended with an error; the message tells the last one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt; ``watch_auc`` is the best one that was seen, ``why`` tells what went wrong."""

    number: int
    state: TrialWord
    settings: dict[str, Any]
    watch_auc: float | None
    folder: Path
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: ``space`` around ``base``, with every trial below ``folder``.

    The same seed draws the same settings, whether the search was interrupted or not.
    """

    base: TrainingConfig
    space: Space
    folder: Path
    seed: int = 1
    prune: bool = True

    def config_of(self, number: int, settings: dict[str, Any]) -> TrainingConfig:
        """The run of a trial. Raises pydantic's ``ValidationError`` where settings do not go together."""
        own = {"name": f"{self.base.name}-trial-{number:03d}", "out": str(self.folder / f"trial-{number:03d}")}
        return configured(self.base, {**settings, **own})

    def best_config(self, settings: dict[str, Any]) -> TrainingConfig:
        """A configuration to train with the settings of a trial, in a folder of its own."""
        own = {"name": f"{self.base.name}-best", "out": str(self.folder / "best")}
        return configured(self.base, {**settings, **own})


def search(search: Search, objective: Objective, *, trials: int, ended: Callable[[Trial], None]) -> tuple[Trial, ...]:
    """Try settings until ``trials`` of them are finished or given up; returns all trials but interrupted ones.

    ``objective`` trains a configuration, reports (step, watch AUC) at each check and returns the best watch AUC.
    A trial that was interrupted is tried again with the same settings and goes on in its folder.

    Raises:
        SearchChanged: the folder holds another study.
        RunInUse: another process searches there.
        TrialsKeepFailing: three trials in a row ended with an error.
    """
    with claimed(search.folder), _opened(search) as study:
        _fail_interrupted(study)
        failures = 0
        while sum(one.state in ("finished", "given up") for one in trials_of(study, search)) < trials:
            trial = _tried(study, search, objective)
            ended(trial)
            failures = failures + 1 if trial.state == "failed" else 0
            if failures >= _MOST_FAILURES:
                raise TrialsKeepFailing(f"{failures} trials in a row failed, the last one with: {trial.why}")
        return tuple(one for one in trials_of(study, search) if one.state != "interrupted")


def best_of(trials: tuple[Trial, ...]) -> Trial | None:
    """The finished trial with the highest watch AUC, of equal ones the first."""
    finished = [one for one in trials if one.state == "finished" and one.watch_auc is not None]
    return max(finished, key=lambda one: one.watch_auc or 0.0, default=None)


def trials_of(study: optuna.Study, search: Search) -> tuple[Trial, ...]:
    """The ended trials of a study, in their order."""
    ended = [one for one in study.get_trials(deepcopy=False) if one.state.is_finished()]
    return tuple(_trial(one, search, study.user_attrs.get(f"{_FAILURE}{one.number}")) for one in ended)


@contextmanager
def _opened(search: Search) -> Iterator[optuna.Study]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = (search.folder / STUDY).absolute()
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs={"creator": lambda: _connected(path)})
    try:
        study = optuna.create_study(storage=storage, study_name=_NAME, direction="maximize", load_if_exists=True)
        _require_same(study, search)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _connected(path: Path) -> sqlite3.Connection:
    """Optuna commits dozens of times per trial; ahead-logged, that does not wait for the disk each time."""
    connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _require_same(study: optuna.Study, search: Search) -> None:
    space = {path: json.loads(optuna.distributions.distribution_to_json(one)) for path, one in search.space.items()}
    base = search.base.model_dump(mode="json", exclude=set(_HOW_NOT_WHAT))
    about = {"configuration": base, "space": space, "seed": search.seed, "prune": search.prune}
    for name, value in about.items():
        known = study.user_attrs.get(name)
        if known is not None and json.dumps(known) != json.dumps(value):
            raise SearchChanged(f"{search.folder} holds a search of another {name}; give another folder")
        if known is None:
            study.set_user_attr(name, value)


def _fail_interrupted(study: optuna.Study) -> None:
    for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        _end(study, one.number, "interrupted", "its process ended")


def _end(study: optuna.Study, number: int, word: TrialWord, why: str) -> None:
    # Optuna knows one way to fail, and a trial of an earlier process takes no remarks: the study keeps them.
    study.set_user_attr(f"{_FAILURE}{number}", [word, why])
    study.tell(number, state=TrialState.FAIL)


def _tried(study: optuna.Study, search: Search, objective: Objective) -> Trial:
    number = sum(one.state != "interrupted" for one in trials_of(study, search))
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=RANDOM_TRIALS, seed=_seed_of(search.seed, number))
    study.pruner = _pruner(search)
    asked = study.ask(dict(search.space))
    asked.set_user_attr("number", number)
    try:
        config = search.config_of(number, drawn(asked.params, search.space))
        _report_again(asked, config)
        study.tell(asked, objective(config, _reporter(asked)))
    except GivenUp:
        study.tell(asked, state=TrialState.PRUNED)
    except Exception as why:  # noqa: BLE001 - one combination of settings may be impossible; the next is tried
        _end(study, asked.number, "failed", " ".join(f"{type(why).__name__}: {why}".split()))
    except BaseException as why:
        _end(study, asked.number, "interrupted", type(why).__name__)
        raise
    return trials_of(study, search)[-1]


def _reporter(asked: optuna.Trial) -> Report:
    def report(step: int, watch_auc: float) -> None:
        asked.report(watch_auc, step)
        if asked.should_prune():
            raise GivenUp

    return report


def _report_again(asked: optuna.Trial, config: TrainingConfig) -> None:
    """A run that goes on tells only of its later checks; the earlier ones stand in its record."""
    try:
        record = read_record(config.out)
    except (FileNotFoundError, UnreadableRun):
        return
    for check in record.history:
        asked.report(check.watch_auc, check.step)


def _pruner(search: Search) -> optuna.pruners.BasePruner:
    if not search.prune:
        return optuna.pruners.NopPruner()
    warm_up = search.base.schedule.warm_up_steps
    return optuna.pruners.MedianPruner(n_startup_trials=COMPARED_FROM, n_warmup_steps=warm_up)


def _seed_of(seed: int, number: int) -> int:
    """A seed per trial: what is drawn depends on the trials before, not on how often the search was started."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _trial(one: FrozenTrial, search: Search, failure: list[Any] | None) -> Trial:
    number = int(one.user_attrs.get("number", one.number))
    settings = drawn(one.params, search.space)
    seen = list(one.intermediate_values.values()) + ([one.value] if one.value is not None else [])
    words: dict[TrialState, TrialWord] = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "given up"}
    word, why = failure or (words.get(one.state, "failed"), None)
    folder = search.folder / f"trial-{number:03d}"
    return Trial(number, word, settings, max(seen, default=None), folder, why)
