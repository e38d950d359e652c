"""Figures of a card: counted by clip, bounded, comparable, and from people that nobody learned from."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from detectors.cards import Figure, Spread
from detectors.training.configuration import Data, TrainingConfig
from detectors.training.faces import LocatedFace
from detectors.training.fitting import fit_calibration
from detectors.training.material import LearnedFromThem, NothingToMeasureOn, material_of, require_strangers
from detectors.training.measuring.alarm_rates import ANY, alarm_rates
from detectors.training.measuring.areas import unpaired_interval, upper_bound
from detectors.training.measuring.card_figures import card_figures
from detectors.training.measuring.clip_scores import ClipScore, panel_of, within
from detectors.training.measuring.comparing import compare, tried_of
from detectors.training.measuring.judged import POLICY_LIMITS, Judged
from detectors.training.measuring.kept_views import KeptViews, code_behind, key_of
from detectors.training.measuring.spread import NotComparable, spread_of, summary_of
from stream_processors.policy import DEFAULT_POLICY
from tests.support.measured import measured_with
from tests.support.portraits import BOX, LANDMARKS, a_portrait_folder


def test_no_alarm_in_few_clips_proves_little():
    assert upper_bound(0, 59) == pytest.approx(0.0495, abs=1e-3)
    assert upper_bound(0, 10) == pytest.approx(1.0 - 0.05 ** (1 / 10))
    assert upper_bound(3, 10) > 0.3
    assert upper_bound(4, 4) == 1.0
    with pytest.raises(ValueError, match="no share"):
        upper_bound(0, 0)


def test_the_unpaired_interval_holds_a_clear_order():
    assert unpaired_interval([0.0, 1.0, 2.0], [3.0, 4.0]) == (1.0, 1.0)


def judged() -> Judged:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    line = fit_calibration([-2.0, -1.0, 0.0] * 9, [0.0, 1.0, 2.0] * 9, name="x", fitted_on="numbers", at=at)
    limits = {"lower": 0.3, "upper": 0.6}
    return Judged(
        name="telltale", face_logits=lambda _: np.zeros(0), calibration=line, limits=limits, limits_from="measured"
    )


def test_alarms_are_counted_by_clip():
    scores = [ClipScore("a", "as is", -9.0, 4), ClipScore("a", "crf 40", 9.0, 4)]
    scores += [ClipScore("b", "as is", -9.0, 4), ClipScore("b", "crf 40", -9.0, 4)]
    rates = {(rate.limit, rate.variant): rate for rate in alarm_rates(judged(), scores)}
    assert rates["upper", "as is"].alarms == 0
    assert (rates["upper", "crf 40"].alarms, rates["upper", "crf 40"].clips) == (1, 2)
    assert rates["upper", ANY].share == 0.5
    assert rates["upper", ANY].upper_bound == upper_bound(1, 2)


def test_a_panel_moves_with_the_size_of_the_picture():
    face = LocatedFace(np.zeros((130, 120, 3), np.uint8), BOX, LANDMARKS, corner=(600, 0))
    panels = {"Somebody__": (516, 1028)}
    assert panel_of("Somebody__one", panels) == (516, 1028)
    assert panel_of("Another__one", panels) is None
    assert within(face, (516, 1028), scale=1.0)
    assert not within(face, (516, 1028), scale=0.5)


def test_limits_of_a_card_without_any_are_those_of_the_policy():
    assert {"lower": DEFAULT_POLICY.lower_threshold, "upper": DEFAULT_POLICY.upper_threshold} == POLICY_LIMITS


def a_config(root: Path, *, seed: int, split_seed: int | None) -> TrainingConfig:
    data = Data(
        portraits=root / "portraits", cache=root / "cache", calibrate_share=0.2, test_share=0.3, split_seed=split_seed
    )
    return TrainingConfig(name="a-run", seed=seed, out=root / f"out{seed}", data=data)


def recorded(config: TrainingConfig) -> Path:
    config.out.mkdir()
    record = {"step": 3, "config": config.model_dump(mode="json")}
    (config.out / "run.json").write_text(json.dumps(record))
    return config.out / "telltale.safetensors"


def test_runs_of_other_seeds_are_measured_on_strangers_only_if_they_share_a_split(tmp_path: Path):
    a_portrait_folder(tmp_path, people=20)
    material = material_of(a_config(tmp_path, seed=1, split_seed=7))
    assert require_strangers(material, recorded(a_config(tmp_path, seed=2, split_seed=7))) == 1
    with pytest.raises(LearnedFromThem, match="split_seed"):
        require_strangers(material, recorded(a_config(tmp_path, seed=3, split_seed=None)))
    assert require_strangers(material, tmp_path / "elsewhere" / "telltale.safetensors") == 0


def test_the_parts_share_nobody_and_people_of_reported_clips_are_kept_out(tmp_path: Path):
    a_portrait_folder(tmp_path, people=20)
    config = a_config(tmp_path, seed=1, split_seed=7)
    people = material_of(config).people
    parts = [{one.person for one in part} for part in (people.train, people.calibrate, people.test)]
    assert sum(len(part) for part in parts) == len(set().union(*parts)) == 20
    gone = people.train[0].person
    surname, given = gone.split()
    data = config.data.model_copy(update={"keep_out": (f"{surname.upper()}, {given.title()} Q.",)})
    left = material_of(config.model_copy(update={"data": data})).people
    assert {one.person for one in left.train} == parts[0] - {gone}
    assert left.test == people.test


def test_without_portraits_there_is_nobody_to_measure_on(tmp_path: Path):
    with pytest.raises(NothingToMeasureOn, match="portraits"):
        material_of(TrainingConfig(name="x", out=tmp_path, data=Data()))


def test_views_are_made_once_per_facts(tmp_path: Path):
    made = []

    def make() -> list[np.ndarray]:
        made.append(1)
        return [np.full((4, 4, 3), len(made), np.uint8)]

    first = KeptViews(tmp_path, {"seed": 1}).views("clip, one", make)
    again = KeptViews(tmp_path, {"seed": 1}).views("clip, one", make)
    other = KeptViews(tmp_path, {"seed": 2}).views("clip, one", make)
    assert (first == again).all()
    assert (other == 2).all()
    assert len(made) == 2


def test_the_code_that_makes_pairs_decides_what_is_kept():
    from detectors.training.measuring import forged_clips

    names = {path.name for path in code_behind(forged_clips)}
    assert {"pairs.py", "capture_chain.py", "face_swapping.py", "self_blending.py", "faces.py"} <= names
    assert not {"training.py", "spread.py", "configuration.py"} & names
    assert key_of({"a": 1}) != key_of({"a": 2})


def test_every_figure_of_a_card_names_its_command():
    figures = [Figure.model_validate(figure) for figure in card_figures(measured_with(0.8), "the command")]
    assert {figure.command for figure in figures} == {"the command"}
    assert {figure.of for figure in figures} == {None, "mesonet"}
    called = next(figure for figure in figures if "called likely" in figure.name)
    assert (called.value, called.high, called.n_items) == (0.0, 0.259, 10)
    assert any("x 516 to 1028" in figure.on for figure in figures)


def test_a_spread_names_the_value_of_each_seed():
    spread = spread_of({1: measured_with(0.8), 2: measured_with(0.9)}, "the command")
    entries = [Spread.model_validate(entry) for entry in spread]
    assert entries[0].values == {1: 0.8, 2: 0.9}
    summary = summary_of([0.8, 0.9])
    assert summary["mean"] == pytest.approx(0.85)
    assert summary["standard_deviation"] == pytest.approx(0.0707, abs=1e-4)
    with pytest.raises(NotComparable, match="two seeds"):
        spread_of({1: measured_with(0.8)}, "x")
    with pytest.raises(NotComparable, match="same people"):
        spread_of({1: measured_with(0.8), 2: measured_with(0.8) | {"split_seed": 8}}, "x")


def test_variants_stand_in_rows_and_dropped_ones_keep_their_figures():
    compared = compare({"plain": measured_with(0.8), "residuals": measured_with(0.7)}, "the command")
    assert [entry["row"]["AUC, H.264 at CRF 40"] for entry in compared] == [0.8, 0.7]
    (tried,) = tried_of(compared, {"residuals": "ranked worse"})
    assert tried["name"] == "residuals"
    assert {Figure.model_validate(figure).value for figure in tried["figures"]} == {0.7, 0.0}
