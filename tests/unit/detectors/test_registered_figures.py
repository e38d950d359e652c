"""What is measured of a detector that was trained elsewhere, on pairs with known scores."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.training.configuration import Data, TrainingConfig
from detectors.training.face_store import PortraitFaces
from detectors.training.faces import LocatedFace, stored
from detectors.training.measuring.registered import (
    MEASURED,
    ScoredPair,
    _auc_of,
    _calibrated_figures,
    measure,
    score_pairs,
)
from detectors.training.people import read_portraits
from tests.support.detectors import FakeDetector


def pairs(genuine: list[float], manipulated: list[float]) -> list[ScoredPair]:
    both = zip(genuine, manipulated, strict=True)
    return [ScoredPair(genuine=one, manipulated=other, family="face_swap") for one, other in both]


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    assert _auc_of(pairs([0.1, 0.6], [0.5, 0.9])) == pytest.approx(0.75)


def test_calibrated_figures_count_both_classes():
    figures = {
        figure["name"]: figure["value"] for figure in _calibrated_figures(pairs([0.1, 0.6], [0.5, 0.9]), 1.0, 0.0)
    }
    assert figures["share of genuine pictures at or above 0.5"] == 0.5
    assert figures["share of manipulated pictures at or above 0.5"] == 1.0
    loss = -np.mean(np.log([0.9, 0.4, 0.5, 0.9]))
    assert figures["log loss (0.693 is that of always saying one half)"] == pytest.approx(loss, abs=1e-4)


def a_portrait_folder(folder: Path, people: int) -> Path:
    (folder / "images").mkdir(parents=True)
    random, lines, rows = np.random.default_rng(1), [], ["file,name"]
    for at in range(people):
        pixels = cv2.resize(random.integers(0, 255, (9, 8, 3), dtype=np.uint8), (160, 180))
        cv2.imwrite(str(folder / "images" / f"{at}.png"), pixels)
        points = np.array([[60, 70], [100, 70], [80, 95], [65, 115], [95, 115]], np.float32)
        face = LocatedFace(pixels.astype(np.uint8), np.array([45, 40, 115, 130], np.float32), points, f"p{at} q")
        lines.append(stored(face, f"{at}.png"))
        rows.append(f'{at}.png,"P{"abcdefghijklmnopqrstuvwxyz"[at]}, Q"')
    (folder / "cache").mkdir()
    (folder / "cache" / "portraits.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder


def a_config(folder: Path) -> TrainingConfig:
    data = Data(portraits=folder, calibrate_share=0.2, test_share=0.4, cache=folder / "cache")
    return TrainingConfig(name="test", out=folder / "out", data=data)


def test_pairs_are_the_same_in_every_run_and_take_turns(tmp_path: Path):
    folder = a_portrait_folder(tmp_path / "portraits", 6)
    faces = PortraitFaces(read_portraits(folder), folder / "cache")
    first, second = (score_pairs(FakeDetector(), faces, seed=3) for _ in range(2))
    assert first == second
    assert [pair.family for pair in first] == [*MEASURED, *MEASURED, *MEASURED]
    assert all(pair.genuine != pair.manipulated for pair in first)


def test_a_report_holds_what_a_card_needs(tmp_path: Path):
    folder = a_portrait_folder(tmp_path / "portraits", 20)
    report = measure(FakeDetector(), a_config(folder))
    assert report["calibration"]["n_items"] == 2 * 8
    assert [figure["n_items"] for figure in report["figures"][:2]] == [4, 4]
    assert report["cost"]["cpu_ms_per_clip"] >= 0.0
