"""One call gives a run everything it learns from and is watched on, and names what it had to skip."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from contracts.clips import Pixels
from detectors.training.configuration import Collection, Data, Pairs, Schedule, TrainingConfig
from detectors.training.dataset import batches, views_of
from detectors.training.faces import LocatedFace
from detectors.training.labelled.media import CollectionUnusable, PartEmpty
from detectors.training.runs.run_record import Skipped
from detectors.training.sources import NothingToLearnFrom, sources_of, told
from tests.support.parts import MEDIA
from tests.support.portraits import BOX, LANDMARKS, a_face, a_portrait_folder

RULES = Pairs(input_px=32, most_face_px=60.0)


class WhereDrawn:
    """Finds the drawn face where ``a_face`` draws it; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def largest(self, pixels: Pixels, person: str = "") -> LocatedFace | None:
        self.asked += 1
        return LocatedFace(pixels, BOX.copy(), LANDMARKS.copy(), person)


def a_picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(a_face(seed=seed).pixels, cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eight sources with a genuine and a manipulated picture each."""
    for at in range(8):
        a_picture(tmp_path / "mine" / "real" / f"s{at}__a.png", 2 * at)
        a_picture(tmp_path / "mine" / "fake" / f"s{at}__b.png", 2 * at + 1)
    return tmp_path / "mine"


def a_config(tmp_path: Path, *roots: Path, **more: object) -> TrainingConfig:
    data = {"cache": tmp_path / "cache", "collections": tuple(Collection(kind="folders", root=one) for one in roots)}
    return TrainingConfig(
        name="mine", out=tmp_path / "run", data=Data.model_validate({**data, **more}), pairs=RULES, schedule=Schedule()
    )


def test_collections_alone_are_learned_from_and_watched(tmp_path: Path, root: Path):
    sources = sources_of(a_config(tmp_path, root), search=WhereDrawn())
    ((pictures, targets),) = batches(sources.learn, first_step=0, steps=1, pairs_per_step=4, workers=0)
    assert pictures.shape == (8, 3, 32, 32) and targets.tolist() == [0.0] * 4 + [1.0] * 4
    assert list(sources.watch) == ["folders mine"] and sources.skipped == ()
    genuine, manipulated = views_of(sources.watch["folders mine"], 3)
    assert len(genuine) == len(manipulated) == 3
    assert [len(sources.held_out["folders mine"]), sources.held_out["folders mine"][0].split] == [2, None]


def test_a_second_start_makes_no_search_and_the_same_batches(tmp_path: Path, root: Path):
    searches, seen = [WhereDrawn(), WhereDrawn()], []
    for search in searches:
        sources = sources_of(a_config(tmp_path, root), search=search)
        seen.append(next(batches(sources.learn, first_step=0, steps=1, pairs_per_step=4, workers=0))[0])
    assert [search.asked for search in searches] == [14, 0]
    assert torch.equal(*seen)


def test_portraits_and_collections_share_the_batches(tmp_path: Path, root: Path):
    portraits, _ = a_portrait_folder(tmp_path, people=24)
    config = a_config(tmp_path, root, portraits=portraits, labelled_share=0.25)
    sources = sources_of(config, search=WhereDrawn())
    assert list(sources.watch) == ["pairs", "folders mine"]
    assert sources.learn.pairs is not None and sources.learn.share == 0.25
    alone = sources_of(a_config(tmp_path, portraits=portraits))
    assert alone.learn.pairs is not None and alone.learn.labelled is None and list(alone.watch) == ["pairs"]
    np.testing.assert_array_equal(alone.learn.pairs.make(0).genuine, sources.learn.pairs.make(0).genuine)


def test_what_cannot_be_used_is_skipped_and_named_with_the_reason(tmp_path: Path, root: Path):
    (root / "real" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (root / "fake" / "s0__copy.png").write_bytes((root / "fake" / "s0__b.png").read_bytes())
    for label in ("real", "fake"):
        a_picture(root / label / f"unclear_{label}.png", 99)
    sources = sources_of(a_config(tmp_path, root, test_share=0.0), search=WhereDrawn())
    why = {Path(one.path).name: one.why for one in sources.skipped}
    assert "cannot be decoded" in why["broken.jpg"]
    assert any("has the same content" in why.get(name, "") for name in ("s0__copy.png", "s0__b.png"))
    assert {"unclear_real.png", "unclear_fake.png"} <= why.keys() and len(why) == 4
    assert any("the other label" in reason for reason in why.values())


def test_of_many_skipped_files_ten_are_told_by_name():
    skipped = [Skipped(path=f"{at}.mp4", why="torn") for at in range(12)]
    assert told(skipped[:2]) == ["0.mp4: torn", "1.mp4: torn"]
    assert told(skipped)[9:] == ["9.mp4: torn", "and 2 more"]


def test_class_weights_leave_the_classes_in_their_share(tmp_path: Path, root: Path):
    for at in range(8):
        a_picture(root / "real" / f"s{at}__c.png", 100 + at)
    config = a_config(tmp_path, root, test_share=0.0)
    weighed = config.model_copy(update={"schedule": Schedule(class_weights="balanced")})
    assert sources_of(config, search=WhereDrawn()).learn.manipulated_share == 0.5
    assert sources_of(weighed, search=WhereDrawn()).learn.manipulated_share == pytest.approx(1 / 3)


def test_two_collections_are_watched_apart_and_one_person_is_in_one_part(tmp_path: Path, root: Path):
    kinds = [(part, label) for part in ("train", "val") for label in ("real", "fake")]
    for at in range(8):
        for nth, (part, label) in enumerate(kinds):
            a_picture(tmp_path / "other" / part / label / f"{part}{at}__{label}.png", 200 + 4 * at + nth)
    sources = sources_of(a_config(tmp_path, root, tmp_path / "other"), search=WhereDrawn())
    assert list(sources.watch) == ["folders mine", "folders other"]
    watched = sources.watch["folders other"].labelled
    assert watched is not None
    assert all(watched.example(at).identity.startswith("other:val") for at in range(8))


def test_a_run_without_anything_to_learn_from_is_refused(tmp_path: Path):
    with pytest.raises(NothingToLearnFrom, match="neither portraits nor collections"):
        sources_of(a_config(tmp_path))


def test_parts_that_are_empty_are_refused(tmp_path: Path, root: Path):
    for file in (root / "fake").iterdir():
        file.write_bytes(b"no picture")
    with pytest.raises(PartEmpty, match="no manipulated files with faces left to learn from"):
        sources_of(a_config(tmp_path, root), search=WhereDrawn())
    with pytest.raises(CollectionUnusable, match="there is no"):
        sources_of(a_config(tmp_path, tmp_path / "nowhere"))


@pytest.mark.media
def test_real_clips_become_batches(tmp_path: Path):
    clips = {
        "real": sorted((MEDIA / "real").glob("rizkiarm*"))[:3],
        "fake": sorted((MEDIA / "fake").glob("X-LANCE*"))[:3],
    }
    for label, files in clips.items():
        (tmp_path / "mine" / label).mkdir(parents=True)
        for at, file in enumerate(files):
            (tmp_path / "mine" / label / f"{label}{at}{file.suffix}").symlink_to(file)
    sources = sources_of(a_config(tmp_path, tmp_path / "mine", frames_per_clip=1))
    ((pictures, _),) = batches(sources.learn, first_step=0, steps=1, pairs_per_step=4, workers=0)
    assert pictures.shape == (8, 3, 32, 32) and float(pictures.std()) > 0.1
    assert list(sources.watch) == ["folders mine"] and sources.skipped == ()
