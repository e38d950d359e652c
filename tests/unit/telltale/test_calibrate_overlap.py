"""What a detector learned from is found again under other names: by its content, by its people, by the run's record."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from detectors.calibration.cross_fitting import LabelledScore
from detectors.training.configuration import Collection, Data, TrainingConfig
from detectors.training.people import read_portraits, split_people
from detectors.training.runs.run_record import Artefacts, RunRecord, Versions, WeightsFile, write_record
from telltale.calibrate_items import Gathered
from telltale.calibrate_overlap import learned_from, settings_behind
from tests.support.portraits import a_portrait_folder

AT = datetime(2026, 3, 1, tzinfo=UTC)


def gathered(*paths: Path, group: str = "somebody") -> Gathered:
    items = tuple(LabelledScore(raw=0.5, manipulated=False, group=group) for _ in paths)
    return Gathered(items=items, paths=paths, skipped={})


def a_training(**data: Any) -> TrainingConfig:
    return TrainingConfig(name="mine", seed=5, out=Path("runs/mine"), data=Data(**data))


def some_footage(root: Path, *names: str) -> Path:
    folder, random = root / "footage", np.random.default_rng(1)
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(random.bytes(900))
    return folder


def test_a_clip_is_found_by_its_name_where_nothing_lies_here(tmp_path: Path):
    training = a_training(footage=tmp_path / "gone", learn_from_clips=("walk",))
    assert learned_from([training], gathered(Path("walk_3.mp4"), Path("talk_1.mp4"))) == ["walk_3"]


def test_a_renamed_clip_is_found_by_its_content(tmp_path: Path):
    footage = some_footage(tmp_path, "walk_1.mp4", "talk_1.mp4", "walk_2_aside.mp4")
    training = a_training(footage=footage, learn_from_clips=("walk",), set_aside_clips=("walk_2",))
    names = {"walk_1.mp4": "a.mp4", "talk_1.mp4": "b.mp4", "walk_2_aside.mp4": "c.mp4"}
    copies = [Path(shutil.copy(footage / old, tmp_path / new)) for old, new in names.items()]
    assert learned_from([training], gathered(*copies)) == ["a"]


def test_the_people_of_portraits_are_found_by_their_names_and_pictures(tmp_path: Path):
    folder, _ = a_portrait_folder(tmp_path)
    people = split_people(read_portraits(folder), seed=5, calibrate=0.12, test=0.15)
    learned, tested = people.train[0], people.test[0]
    training = a_training(portraits=folder)
    clip = Path("clip.mp4")
    assert learned_from([training], gathered(clip, group=learned.person.replace(" ", ", ").title())) == ["clip"]
    assert learned_from([training], gathered(clip, group=tested.person.replace(" ", ", ").title())) == []
    renamed = Path(shutil.copy(learned.path, tmp_path / "renamed.png"))
    assert learned_from([training], gathered(renamed, tested.path)) == ["renamed"]
    kept_out = training.data.model_copy(update={"keep_out": (learned.person.replace(" ", ", "),)})
    training = training.model_copy(update={"data": kept_out})
    assert learned_from([training], gathered(renamed, group=learned.person)) == []


def test_files_of_labelled_collections_are_found_by_their_content(tmp_path: Path):
    root, random = tmp_path / "labelled", np.random.default_rng(2)
    for label in ("real", "fake"):
        (root / label).mkdir(parents=True)
        for number in range(10):
            (root / label / f"{label}_{number}.mp4").write_bytes(random.bytes(700))
    training = a_training(collections=(Collection(kind="folders", root=root),))
    found = learned_from([training], gathered(*sorted(root.rglob("*.mp4"))))
    assert 10 <= len(found) < 20


def test_the_record_of_the_run_that_wrote_the_weights_tells_its_settings(tmp_path: Path):
    settings = a_training(learn_from_clips=("walk",))
    run = tmp_path / "runs" / "mine"
    record = RunRecord(
        name="mine",
        seed=5,
        config=settings.model_dump(mode="json"),
        state="finished",
        started_at=AT,
        updated_at=AT,
        step=2,
        steps=2,
        trained_s=1.0,
        artefacts=Artefacts(weights=WeightsFile(file="telltale.safetensors", sha256="ab" * 32, bytes=1)),
        versions=Versions(python="3.11", torch="2", telltale="0"),
    )
    write_record(record, run)
    assert settings_behind("mesonet", "ab" * 32, runs=tmp_path / "runs") == [settings]
    assert settings_behind("mesonet", "cd" * 32, runs=tmp_path / "runs") == []
    assert [one.name for one in settings_behind("telltale", "cd" * 32, runs=tmp_path)] == ["telltale"]
