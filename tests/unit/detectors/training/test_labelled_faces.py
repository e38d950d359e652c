"""Labelled examples are the same in every run, balanced where that is wanted, and share batches with pairs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from detectors.training.configuration import Pairs
from detectors.training.dataset import Mixture, batch_of_pairs, batches, views_of
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import stored
from detectors.training.labelled.crop_cache import Crops
from detectors.training.labelled.examples import Example, FoundMedia, LabelledFaces
from detectors.training.labelled.media import LabelledMedia
from detectors.training.pairs import PairMaker
from detectors.training.people import read_portraits
from tests.support.portraits import a_face, a_portrait_folder

RULES = Pairs(input_px=32, most_face_px=60.0)


def a_found_file(folder: Path, number: int, *, manipulated: bool, faces: int = 2) -> FoundMedia:
    """A file whose drawn faces are in the cache already."""
    where = folder / f"{number:02d}"
    where.mkdir()
    lines = []
    for at in range(faces):
        face = a_face(seed=10 * number + at, person=f"p{number}")
        cv2.imwrite(str(where / f"{at}.png"), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
        lines.append(json.loads(stored(face, f"{at}.png")))
    family = "swap" if manipulated else None
    media = LabelledMedia(where.with_suffix(".mp4"), manipulated, f"p{number}", None, family)
    return FoundMedia(media, Crops(where, tuple(lines)))


@pytest.fixture
def found(tmp_path: Path) -> list[FoundMedia]:
    """Three genuine files and one that was manipulated."""
    folder = tmp_path / "found"
    folder.mkdir()
    return [a_found_file(folder, number, manipulated=number == 0) for number in range(4)]


@pytest.fixture
def maker(tmp_path: Path) -> PairMaker:
    folder, cache = a_portrait_folder(tmp_path)
    return PairMaker(PortraitFaces(read_portraits(folder), cache), ClipFaces((), cache), RULES, seed=1)


class NumbersOnly:
    """Examples whose pixels are their number."""

    manipulated_share = 0.5

    def example(self, index: int) -> Example:
        return Example(np.full((32, 32, 3), index % 251, np.uint8), bool(index % 2), str(index), None)


def test_an_example_is_the_same_in_every_run_and_another_with_another_seed(found: list[FoundMedia]):
    first, again, other = (LabelledFaces(found, RULES, seed=seed) for seed in (1, 1, 2))
    for index in (0, 1, 77):
        example = first.example(index)
        assert example.view.shape == (32, 32, 3) and example.view.dtype == np.uint8
        np.testing.assert_array_equal(example.view, again.example(index).view)
        assert not np.array_equal(example.view, other.example(index).view)


def test_balanced_examples_take_turns_and_know_who_and_how(found: list[FoundMedia]):
    faces = LabelledFaces(found, RULES, seed=1)
    examples = [faces.example(index) for index in range(60)]
    assert [example.manipulated for example in examples] == [False, True] * 30
    assert {example.identity for example in examples if not example.manipulated} == {"p1", "p2", "p3"}
    assert {(example.identity, example.family) for example in examples if example.manipulated} == {("p0", "swap")}
    assert faces.manipulated_share == 0.5


def test_the_natural_share_is_that_of_the_files(found: list[FoundMedia]):
    faces = LabelledFaces(found, RULES, seed=1, balanced=False)
    assert faces.manipulated_share == 0.25
    assert 8 <= sum(faces.example(index).manipulated for index in range(64)) <= 26
    assert LabelledFaces(found[1:], RULES, seed=1, balanced=False).manipulated_share == 0.0
    with pytest.raises(ValueError, match="no faces"):
        LabelledFaces(found[1:], RULES, seed=1)


def test_every_rule_of_pairs_holds_for_examples_too(found: list[FoundMedia]):
    plain = LabelledFaces(found, RULES, seed=1)
    changes = ({"harshness": 0.0}, {"cut_out_share": 1.0}, {"uneven_focus_share": 1.0}, {"hevc_share": 1.0})
    for change in changes:
        changed = LabelledFaces(found, RULES.model_copy(update=change), seed=1)
        assert any(not np.array_equal(plain.example(at).view, changed.example(at).view) for at in range(12)), change


def test_a_crop_that_is_gone_is_named(found: list[FoundMedia]):
    faces = LabelledFaces(found, RULES, seed=1)
    for one in found:
        for line in one.crops.lines:
            (one.crops.folder / line["file"]).unlink()
    with pytest.raises(FileNotFoundError, match=r"no readable picture at .*\.png"):
        faces.example(0)


@pytest.mark.parametrize("wrapped", [False, True])
def test_pairs_alone_are_the_pairs_in_their_order(maker: PairMaker, wrapped: bool):
    source = Mixture(pairs=maker) if wrapped else maker
    stream = list(batches(source, first_step=1, steps=3, pairs_per_step=3, workers=0, first_pair=7))
    for step, (pictures, targets) in enumerate(stream, start=1):
        pairs = [maker.make(7 + 3 * step + nth) for nth in range(3)]
        wanted, wanted_targets = batch_of_pairs(pairs)
        assert torch.equal(pictures, wanted) and torch.equal(targets, wanted_targets)
    assert len(stream) == 2


@pytest.mark.parametrize(("share", "labelled"), [(0.0, 0), (0.25, 4), (0.5, 8), (0.7, 11), (1.0, 16)])
def test_the_share_of_labelled_places_is_kept_and_evenly_spread(maker: PairMaker, share: float, labelled: int):
    mixture = Mixture(maker, NumbersOnly(), share)
    flat = [all(np.ptp(view.pixels) == 0 for view in mixture.views(number)) for number in range(16)]
    assert sum(flat) == labelled
    halves = sum(flat[:8]), sum(flat[8:])
    assert abs(halves[0] - halves[1]) <= 1
    assert mixture.share == share


def test_a_mixed_batch_has_its_genuine_views_first_and_can_be_resumed(maker: PairMaker):
    mixture = Mixture(maker, NumbersOnly(), 0.5)
    whole = list(batches(mixture, first_step=0, steps=3, pairs_per_step=4, workers=0))
    assert [targets.tolist() for _, targets in whole] == [[0.0] * 4 + [1.0] * 4] * 3
    rest = list(batches(mixture, first_step=2, steps=3, pairs_per_step=4, workers=0))
    assert torch.equal(rest[0][0], whole[2][0])


def test_without_portraits_every_view_is_labelled(found: list[FoundMedia]):
    mixture = Mixture(labelled=LabelledFaces(found, RULES, seed=1), labelled_share=0.1)
    ((pictures, targets),) = batches(mixture, first_step=0, steps=1, pairs_per_step=3, workers=0)
    assert pictures.shape == (6, 3, 32, 32) and targets.tolist() == [0.0] * 3 + [1.0] * 3
    genuine, manipulated = views_of(mixture, 5)
    assert (len(genuine), len(manipulated)) == (5, 5)
    with pytest.raises(ValueError, match="neither"):
        Mixture()


def test_a_batch_in_natural_share_says_which_views_are_manipulated(found: list[FoundMedia]):
    faces = LabelledFaces(found, RULES, seed=1, balanced=False)
    mixture = Mixture(labelled=faces)
    ((_, targets),) = batches(mixture, first_step=0, steps=1, pairs_per_step=16, workers=0)
    assert int(targets.sum()) == sum(faces.example(index).manipulated for index in range(32)) != 16
    assert mixture.manipulated_share == 0.25


def test_class_weights_can_make_up_for_the_share_of_a_mixture(found: list[FoundMedia], maker: PairMaker):
    natural = LabelledFaces(found, RULES, seed=1, balanced=False)
    assert Mixture(maker, natural, 0.5).manipulated_share == pytest.approx(0.375)
    assert Mixture(maker, NumbersOnly(), 0.5).manipulated_share == 0.5
