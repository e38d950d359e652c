"""Settings are drawn by seed, trials go on where they were stopped, and what cannot be searched is refused."""

from pathlib import Path
from typing import Any

import pytest

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.run_claim import RunInUse, claimed
from detectors.training.runs.run_record import write_record
from detectors.training.runs.search import (
    COMPARED_FROM,
    RANDOM_TRIALS,
    Report,
    Search,
    SearchChanged,
    Trial,
    TrialsKeepFailing,
    best_of,
    search,
)
from detectors.training.runs.search_space import SpaceUnusable, space_of
from tests.support.run_records import a_config, a_record

SECTION: dict[str, Any] = {
    "schedule.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "network.srm": [True, False],
    "schedule.steps": {"low": 100, "high": 900, "step": 100},
    "schedule.class_weights": [None, [1.0, 2.0]],
}


def a_search(folder: Path, section: dict[str, Any] | None = None, **options: Any) -> Search:
    base = a_config(folder / "base", schedule__warm_up_steps=1)
    return Search(base, space_of(section or SECTION, base), folder, **options)


def cheap(config: TrainingConfig, report: Report) -> float:
    """Best where the learning rate is 0.001 and the filters are on."""
    value = 1.0 / (1.0 + abs(config.schedule.learning_rate - 1e-3) * 1e3) * (1.0 if config.network.srm else 0.8)
    for step in (1, 2, 3):
        report(step, value * step / 3.0)
    return value


def ran(wish: Search, trials: int, objective: Any = cheap) -> tuple[Trial, ...]:
    return search(wish, objective, trials=trials, ended=lambda _: None)


def settings(trials: tuple[Trial, ...]) -> list[dict[str, Any]]:
    return [trial.settings for trial in trials]


def test_a_seed_draws_the_same_settings_and_another_draws_others(tmp_path: Path):
    count = RANDOM_TRIALS + 3
    first, again, other = (
        ran(a_search(tmp_path / name, seed=seed), count) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert settings(first) == settings(again) != settings(other)
    assert all(set(one) == set(SECTION) for one in settings(first))
    assert [one["schedule.class_weights"] for one in settings(first) if one["schedule.class_weights"]] != []


class Unplugged:
    """Trains cheaply until attempt number ``at``, which is killed in the middle."""

    def __init__(self, at: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.left, self.error, self.seen = at, error, list[str]()

    def __call__(self, config: TrainingConfig, report: Report) -> float:
        self.left -= 1
        self.seen.append(config.out.name)
        if self.left == 0:
            raise self.error
        return cheap(config, report)


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tmp_path: Path):
    whole = ran(a_search(tmp_path / "whole"), 8)
    stopped = a_search(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        ran(stopped, 8, Unplugged(4))
    later = Unplugged(-1)
    assert settings(ran(stopped, 8, later)) == settings(whole)
    assert later.seen[0] == "trial-003"
    assert ran(stopped, 8, Unplugged(1)) == ran(stopped, 8)


def test_a_search_stops_when_enough_trials_are_finished_and_goes_on_for_more(tmp_path: Path):
    assert len(ran(a_search(tmp_path), 2)) == 2
    assert len(ran(a_search(tmp_path), 3)) == 3


def test_a_hopeless_trial_is_given_up_and_counts(tmp_path: Path):
    values = iter([0.9, 0.9, 0.9, 0.6, 0.95])
    asked: list[int] = []

    def objective(_: TrainingConfig, report: Report) -> float:
        value = next(values)
        for step in (1, 2, 3):
            asked.append(step)
            report(step, value)
        return value

    trials = ran(a_search(tmp_path), 5, objective)
    assert [trial.state for trial in trials] == ["finished"] * COMPARED_FROM + ["given up", "finished"]
    assert trials[3].watch_auc == 0.6
    assert len(asked) == 3 * 4 + 1
    best = best_of(trials)
    assert best is not None
    assert best.number == 4


def test_nothing_is_given_up_where_that_is_not_wanted(tmp_path: Path):
    values = iter([0.9, 0.9, 0.9, 0.6])

    def objective(_: TrainingConfig, report: Report) -> float:
        value = next(values)
        report(2, value)
        return value

    assert {trial.state for trial in ran(a_search(tmp_path, prune=False), 4, objective)} == {"finished"}


def test_a_failing_trial_is_told_and_the_next_one_is_tried(tmp_path: Path):
    trials = ran(a_search(tmp_path), 2, Unplugged(1, MemoryError))
    assert [(trial.number, trial.state, trial.why) for trial in trials] == [
        (0, "failed", "MemoryError:"),
        (1, "finished", None),
        (2, "finished", None),
    ]


def test_three_failures_in_a_row_end_the_search(tmp_path: Path):
    def objective(_: TrainingConfig, report: Report) -> float:
        raise FileNotFoundError("no picture")

    with pytest.raises(TrialsKeepFailing, match=r"3 trials in a row failed.*no picture"):
        ran(a_search(tmp_path), 9, objective)


def test_a_trial_that_goes_on_is_judged_by_its_earlier_checks_too(tmp_path: Path):
    wish = a_search(tmp_path)
    write_record(a_record(wish.config_of(0, {}), 0.7, 0.8), tmp_path / "trial-000")

    def objective(_: TrainingConfig, report: Report) -> float:
        report(300, 0.75)
        return 0.75

    assert ran(wish, 1, objective)[0].watch_auc == 0.8


def test_a_search_of_other_ranges_needs_another_folder(tmp_path: Path):
    ran(a_search(tmp_path), 1)
    with pytest.raises(SearchChanged, match="another space"):
        ran(a_search(tmp_path, {"network.srm": [True, False]}), 2)
    with pytest.raises(SearchChanged, match="another seed"):
        ran(a_search(tmp_path, seed=3), 2)


def test_two_processes_do_not_search_in_one_folder(tmp_path: Path):
    with claimed(tmp_path), pytest.raises(RunInUse):
        ran(a_search(tmp_path), 1)


def test_trials_and_the_best_settings_are_runs_of_their_own(tmp_path: Path):
    wish = a_search(tmp_path)
    config = wish.config_of(7, {"network.srm": True})
    assert (config.name, config.out, config.network.srm) == ("base-trial-007", tmp_path / "trial-007", True)
    best = wish.best_config({"schedule.steps": 300})
    assert (best.name, best.out, best.schedule.steps) == ("base-best", tmp_path / "best", 300)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({}, "must name at least one setting"),
        ({"schedule.learning_rat": [1, 2]}, "no setting of a training run; did you mean schedule.learning_rate?"),
        ({"schedule.loss": ["bce", "hinge"]}, 'schedule.loss cannot be "hinge": schedule.loss: input should be'),
        ({"schedule.loss": ["bce"]}, "at least two different choices"),
        ({"schedule.steps": {"low": 0, "high": 5}}, "schedule.steps cannot be 0"),
        ({"schedule.steps": {"low": 1, "high": 5.5}}, "schedule.steps"),
        ({"schedule.learning_rate": {"low": 2, "high": 1}}, r"low \(2\) must be below high \(1\)"),
        ({"schedule.weight_decay": {"low": 0, "high": 1, "log": True}}, "must begin above 0"),
        ({"schedule.learning_rate": {"low": 1, "hihg": 2}}, "hihg"),
        ({"schedule.learning_rate": 0.1}, "needs a list of choices or a range"),
        ({"out": ["a", "b"]}, "a folder of its own"),
        ({"seed": [1, 2]}, "luck"),
        ({"data.calibrate_share": [0.1, 0.2]}, "on whom trials are compared"),
        ({"schedule.check_pairs": [10, 20]}, "on whom trials are compared"),
        ({"schedule.checkpoint_every": [10, 20]}, "looks better at best"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(tmp_path: Path, section: dict[str, Any], reason: str):
    with pytest.raises(SpaceUnusable, match=reason):
        space_of(section, a_config(tmp_path))


def test_a_range_takes_fractions_where_the_setting_does(tmp_path: Path):
    section = {"pairs.harshness": {"low": 0, "high": 1}, "schedule.pairs_per_step": {"low": 4, "high": 16}}
    drawn = settings(ran(a_search(tmp_path, section), 3))
    assert any(one["pairs.harshness"] != int(one["pairs.harshness"]) for one in drawn)
    assert all(isinstance(one["schedule.pairs_per_step"], int) for one in drawn)
