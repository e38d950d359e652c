"""From face tracks to samples, and from samples to probabilities, for ntech."""

import numpy as np
import torch
from torch import Tensor

from contracts.clips import Pixels
from detectors.systems.ntech.scoring import VIEWS, probabilities_of, samples_of


def numbered(position: int, boxed: int) -> Pixels:
    """A crop that knows its place: its red is the frame, its green the frame whose box it was cut by."""
    crop = np.zeros((224, 224, 3), dtype=np.uint8)
    crop[:, :, 0], crop[:, :, 1] = position, boxed
    crop[:, :112, 2] = 255
    return crop


def told(pictures: tuple[Pixels, ...]) -> list[tuple[int, int, bool]]:
    """Frame, frame of the box, and whether the picture is mirrored."""
    return [(int(p[0, 0, 0]), int(p[0, 0, 1]), bool(p[0, -1, 2])) for p in pictures]


def test_samples_come_in_the_order_of_their_frames():
    samples = list(samples_of(21, numbered, owner=4))
    assert {sample.owner for sample in samples} == {4}
    sequences = [told(sample.pictures) for sample in samples if sample.member == "sequence"]
    assert sequences == [[(at, 3, True) for at in range(7)], [(at, 17, False) for at in range(14, 21)]]
    singles = [(sample.member, *told(sample.pictures)) for sample in samples if sample.member != "sequence"]
    assert singles[:4] == [
        ("frame_wide", (0, 0, True)),
        ("frame_wide", (2, 2, False)),
        ("frame_close", (4, 4, True)),
        ("frame_close", (6, 6, False)),
    ]
    assert len(singles) == 11


def test_a_sequence_without_one_of_its_frames_is_left_out():
    def cut(position: int, boxed: int) -> Pixels | None:
        return None if position == 5 else numbered(position, boxed)

    samples = list(samples_of(7, cut))
    assert [sample.member for sample in samples] == ["frame_wide", "frame_wide", "frame_close", "frame_close"]


def test_probabilities_go_to_their_owners_whatever_waits_together():
    def network(batch: Tensor) -> Tensor:
        sizes.append(len(batch))
        # 0.229 * x + 0.485 is red between 0 and 1, here the frame's number / 255
        return torch.logit(batch[:, 0, 0, 0] * 0.229 + 0.485)[:, None]

    for pass_pictures in (1, 8, 1000):
        sizes: list[int] = []
        samples = [sample for owner in range(3) for sample in samples_of(8 + owner, numbered, owner=owner)]
        found = probabilities_of(samples, dict.fromkeys(VIEWS, network), owners=3, pass_pictures=pass_pictures)
        frames = [sorted(round(probability * 255) for probability in one) for one in found]
        assert frames == [sorted([*range(7), *range(0, 8 + owner, 2)]) for owner in range(3)]
        assert max(sizes) <= max(7, pass_pictures + 6)
