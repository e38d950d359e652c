"""A pair differs by the manipulation alone and can be made again at any time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.clips import FaceCrop
from detectors.plugins.telltale import VIEW_MARGIN
from detectors.preprocessing import square_view
from detectors.training.capture_chain import CaptureChain
from detectors.training.clip_split import split_clips
from detectors.training.configuration import Data, Pairs, read_config
from detectors.training.dataset import batch_of_pairs, batches
from detectors.training.drawing import varied
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.framing import Framing, framed_view
from detectors.training.pairs import FAMILIES, PairMaker, visible_change
from detectors.training.people import read_portraits
from tests.support.portraits import a_face, a_portrait_folder

CONFIGURATIONS = Path(__file__).parents[4] / "detectors" / "training" / "configurations"
NAMED = sorted([*CONFIGURATIONS.glob("*.json"), *CONFIGURATIONS.glob("tried/*.json")])


@pytest.fixture
def maker(tmp_path: Path) -> PairMaker:
    folder, cache = a_portrait_folder(tmp_path)
    portraits = PortraitFaces(read_portraits(folder), cache)
    return PairMaker(portraits, ClipFaces((), cache), Pairs(input_px=48), seed=5)


def test_the_same_number_gives_the_same_pair(maker: PairMaker):
    one, again, other = maker.make(3), maker.make(3), maker.make(4)
    np.testing.assert_array_equal(one.manipulated, again.manipulated)
    np.testing.assert_array_equal(one.genuine, again.genuine)
    assert (one.genuine != other.genuine).any()


def test_halves_are_alike_where_nothing_was_manipulated(maker: PairMaker):
    pairs = [maker.make(index, family="mouth", chain=CaptureChain(())) for index in range(6)]
    apart = [np.abs(pair.genuine.astype(int) - pair.manipulated.astype(int)).mean(axis=2) for pair in pairs]
    assert all(float(one.max()) > 0.0 for one in apart)
    assert all(float(np.median(one[:6])) == 0.0 for one in apart), "the top of the view shows no mouth"


def test_all_families_are_drawn(maker: PairMaker):
    drawn = {maker.make(index).family for index in range(40)}
    assert drawn == set(Pairs().families)
    assert drawn < set(FAMILIES), "a family that the settings do not name is never drawn"


def test_a_change_that_nobody_sees_is_drawn_again(tmp_path: Path):
    folder, cache = a_portrait_folder(tmp_path)
    portraits = PortraitFaces(read_portraits(folder), cache)
    plain, floored = (
        PairMaker(portraits, ClipFaces((), cache), Pairs(input_px=48, least_difference=least), seed=5)
        for least in (0.0, 120.0)
    )
    changes = [
        [
            float(np.abs(pair.genuine.astype(int) - pair.manipulated.astype(int)).max())
            for pair in (made.make(index, family="self_blend", chain=CaptureChain(())) for index in range(12))
        ]
        for made in (plain, floored)
    ]
    assert all(after >= before for before, after in zip(*changes, strict=True))
    assert np.mean(changes[0]) < np.mean(changes[1])


def test_the_most_changed_hundredth_counts():
    face = a_face()
    spot = face.pixels.copy()
    spot[60:70, 55:65] = np.where(spot[60:70, 55:65] > 128, 0, 255)
    assert visible_change(face, face.pixels) == 0.0
    assert visible_change(face, spot) > 100.0


def test_a_square_is_painted_over_both_halves(tmp_path: Path):
    folder, cache = a_portrait_folder(tmp_path)
    rules = Pairs(input_px=48, cut_out_share=1.0)
    maker = PairMaker(PortraitFaces(read_portraits(folder), cache), ClipFaces((), cache), rules, seed=5)
    for index in range(6):
        pair = maker.make(index)
        flat = (pair.genuine == pair.manipulated).all(axis=2) & (pair.genuine == pair.genuine[..., :1]).all(axis=2)
        assert flat.sum() >= 16, "a grey square of at least a tenth of the side"


def test_targets_tell_the_halves_apart(maker: PairMaker):
    pictures, targets = batch_of_pairs([maker.make(0), maker.make(1)])
    assert pictures.shape == (4, 3, 48, 48)
    assert targets.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert -1.0 <= float(pictures.min()) < 0.0 < float(pictures.max()) <= 1.0


def test_a_run_can_start_at_any_step(maker: PairMaker):
    whole = list(batches(maker, first_step=0, steps=3, pairs_per_step=2, workers=0))
    rest = list(batches(maker, first_step=2, steps=3, pairs_per_step=2, workers=0))
    assert len(whole) == 3
    assert len(rest) == 1
    assert torch.equal(whole[2][0], rest[0][0])


def test_a_run_that_goes_on_from_another_takes_other_pairs(maker: PairMaker):
    first, later = (
        next(batches(maker, first_step=0, steps=1, pairs_per_step=2, workers=0, first_pair=start)) for start in (0, 50)
    )
    assert not torch.equal(first[0], later[0])


def test_training_sees_faces_as_the_detector_will():
    face = a_face()
    crop = face.as_crop()
    assert isinstance(crop, FaceCrop)
    view = framed_view(face.pixels, face.box, Framing(VIEW_MARGIN), size_px=64)
    np.testing.assert_array_equal(view, square_view(crop, margin=VIEW_MARGIN, size_px=64))
    assert Pairs().margin == VIEW_MARGIN


def test_a_clip_is_in_one_part_only():
    data = Data(portraits=Path("p"), learn_from_clips=("a", "b1"), calibrate_on_clips=("b",))
    split = split_clips(["a1", "b1", "b2", "c"], data)
    assert (split.learn, split.calibrate, split.report) == (("a1", "b1"), ("b2",), ("c",))


def test_a_clip_that_is_set_aside_is_in_no_part():
    data = Data(portraits=Path("p"), learn_from_clips=("a",), set_aside_clips=("a2", "c"))
    split = split_clips(["a1", "a2", "b", "c"], data)
    assert (split.learn, split.calibrate, split.report) == (("a1",), (), ("b",))


def test_without_named_clips_all_are_reported_on():
    assert split_clips(["a", "b"], Data(portraits=Path("p"))).report == ("a", "b")


@pytest.mark.parametrize("file", NAMED, ids=lambda file: file.stem)
def test_shipped_configurations_are_valid_and_portable(file: Path):
    config = read_config(file)
    assert not any(str(path).startswith("/") for path in (config.out, config.data.portraits, config.data.cache))


def test_faces_are_enlarged_only_as_far_as_the_rules_allow(tmp_path: Path):
    folder, cache = a_portrait_folder(tmp_path)
    portraits = PortraitFaces(read_portraits(folder), cache)
    rules = Pairs(least_face_px=1000.0, most_face_px=2000.0)  # larger than any: every face is enlarged to the limit
    rng = np.random.default_rng(0)
    own = portraits[0]
    grown = [varied(own, rules.model_copy(update={"most_growth": most}), rng).size_px / own.size_px for most in (1, 2)]
    assert grown == pytest.approx([1.0, 2.0], rel=0.03)


def test_a_maker_that_enlarges_less_makes_the_same_pairs_from_smaller_faces(maker: PairMaker):
    little = maker.growing(1.0)
    assert [little.make(index).family for index in range(12)] == [maker.make(index).family for index in range(12)]
    assert any((little.make(index).genuine != maker.make(index).genuine).any() for index in range(12))
