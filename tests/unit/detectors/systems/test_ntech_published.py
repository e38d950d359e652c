"""The published pipeline of ntech from footage to score, with stand-ins for finder and networks."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.systems.footage import Compat
from detectors.systems.ntech.published import MEMBERS, published_score
from tests.support.footage import DrawnFootage, FixedFinder, flat

FACE = FaceBox(40.0, 20.0, 90.0, 80.0, 0.95)


class ConstantNetworks(dict[str, Callable[[Tensor], Tensor]]):
    """One per member; each gives every picture the same logit and counts its pictures."""

    def __init__(self, **logits: float) -> None:
        self.seen = dict.fromkeys(MEMBERS, 0)
        super().__init__({name: self._network(name, logits[name]) for name in MEMBERS})

    def _network(self, name: str, logit: float) -> Callable[[Tensor], Tensor]:
        def network(batch: Tensor) -> Tensor:
            assert batch.shape[1:] == (3, 224, 192)
            self.seen[name] += len(batch)
            return torch.full((len(batch), 1), logit)

        return network


@pytest.fixture
def networks() -> ConstantNetworks:
    # probabilities 0.9, 0.2, 0.5
    return ConstantNetworks(sequence=2.1972246, frame_wide=-1.3862944, frame_close=0.0)


@pytest.mark.parametrize("compat", ["corrected", "original"])
def test_a_face_through_19_kept_frames_gives_one_sequence_and_ten_faces(networks: ConstantNetworks, compat: Compat):
    footage = DrawnFootage([flat(100)] * 38)
    score = published_score(footage, FixedFinder(FACE), networks, compat=compat)
    assert networks.seen == {"sequence": 7, "frame_wide": 6, "frame_close": 4}
    # (0.99 * 7 * 0.4001 + 0.042809 * 6 * 0.3001 + 0.5 * 4 * 0.0001) / (7 * 0.4001 + 6 * 0.3001 + 4 * 0.0001)
    assert score.value == pytest.approx(0.619328, abs=1e-5)
    assert score.faces == 17
    assert "1 face tracks; the plain mean of the probabilities is 0.5588" in score.detail


def test_only_every_second_frame_of_30_is_read_and_the_finder_sees_every_third_of_those(networks: ConstantNetworks):
    footage, finder = DrawnFootage([flat(100)] * 200), FixedFinder(FACE)
    published_score(footage, finder, networks)
    assert set(footage.read) == set(range(0, 200, 2))
    assert finder.batches == [16, 16, 2]


def test_frames_that_cannot_be_decoded_are_left_out(networks: ConstantNetworks):
    pictures = [*[flat(100)] * 10, None, *[flat(100)] * 29]
    assert published_score(DrawnFootage(pictures), FixedFinder(FACE), networks, compat="original").faces == 17


@pytest.mark.parametrize(
    ("frames", "rate", "boxes"), [(36, 30.0, [FACE]), (100, 7.0, [FACE]), (100, 30.0, []), (0, 30.0, [FACE])]
)
def test_what_the_original_cannot_follow_gets_one_half(
    networks: ConstantNetworks, frames: int, rate: float, boxes: list[FaceBox]
):
    footage = DrawnFootage([flat(100)] * frames, frames_per_second=rate)
    score = published_score(footage, FixedFinder(*boxes), networks, compat="original")
    assert (score.value, score.faces) == (0.5, 0)


def test_short_and_slow_videos_get_a_score_and_no_face_gets_none(networks: ConstantNetworks):
    assert published_score(DrawnFootage([flat(100)] * 14), FixedFinder(FACE), networks).value is not None
    slow = DrawnFootage([flat(100)] * 7, frames_per_second=5.0)
    assert published_score(slow, FixedFinder(FACE), networks).value is not None
    assert published_score(DrawnFootage([flat(0)] * 60), FixedFinder(FACE), networks).value is None


def test_a_face_outside_its_frame_is_left_out_and_fails_the_original(networks: ConstantNetworks):
    outside = FaceBox(400.0, 20.0, 450.0, 80.0, 0.95)
    footage, finder = DrawnFootage([flat(100)] * 38), FixedFinder(FACE, outside)
    assert published_score(footage, finder, networks).value == pytest.approx(0.619328, abs=1e-5)
    original = published_score(footage, finder, networks, compat="original")
    assert original.value is None
    assert "outside" in original.detail
    assert published_score(footage, FixedFinder(outside), networks).value is None


def test_all_members_and_no_others_are_wanted(networks: ConstantNetworks):
    del networks["sequence"]
    with pytest.raises(ValueError, match="sequence"):
        published_score(DrawnFootage([flat(100)]), FixedFinder(FACE), networks)
