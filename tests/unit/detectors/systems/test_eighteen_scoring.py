"""What each network of eighteen is given of a face tube."""

import numpy as np
import pytest
import torch

from detectors.systems.eighteen.crops import Views
from detectors.systems.eighteen.members import MEMBERS
from detectors.systems.eighteen.scoring import member_scores
from tests.support.eighteen import BrightnessNetworks

MIRRORED = ("xception", "res34", "b1", "b0")


def a_tube(*levels: int) -> list[Views]:
    return [
        {size_px: np.full((size_px, size_px, 3), level, dtype=np.uint8) for size_px in (256, 299)} for level in levels
    ]


def test_tube_networks_see_all_frames_and_the_others_whole_groups_of_them():
    networks = BrightnessNetworks()
    member_scores([a_tube(*range(12))], networks, pass_pictures=8)
    assert networks.shapes["sf"] == [(1, 3, 12, 256, 256)]
    assert networks.shapes["b3"] == [(8, 3, 299, 299), (2, 3, 299, 299)]
    assert networks.shapes["res34"] == [(8, 3, 256, 256)] * 2 + [(2, 3, 256, 256)] * 2
    assert {name for name, seen in networks.shapes.items() if len(seen) == 4} == set(MIRRORED)


def test_a_face_of_one_brightness_has_its_score_in_every_member():
    scores = member_scores([a_tube(*[204] * 5)], BrightnessNetworks())
    assert scores.keys() == {member.name for member in MEMBERS}
    assert list(scores.values()) == pytest.approx([1.0 / (1.0 + np.exp(-4.0 * 0.3))] * 11, abs=1e-6)


def test_colours_come_in_the_order_and_on_the_scale_of_the_member():
    view = np.zeros((299, 299, 3), dtype=np.uint8)
    view[:] = (255, 51, 0)
    networks = BrightnessNetworks()
    seen: dict[str, torch.Tensor] = {}
    for name in ("xception", "b1"):
        networks[name] = lambda batch, name=name: (seen.setdefault(name, batch), torch.zeros(len(batch), 2))[1]
    member_scores([[{256: view[:256, :256], 299: view}] * 5], networks)
    assert seen["xception"][0, :, 0, 0].tolist() == pytest.approx([-1.0, -0.6, 1.0], abs=1e-6)
    wanted = [(1.0 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225]
    assert seen["b1"][0, :, 0, 0].tolist() == pytest.approx(wanted, abs=1e-5)


def test_mirrored_members_average_the_logits_of_both_sides():
    dark_left = np.zeros((299, 299, 3), dtype=np.uint8)
    dark_left[:, 150:] = 255
    networks = BrightnessNetworks()
    for name in ("b0", "b3"):
        networks[name] = _left_edge
    scores = member_scores([[{256: dark_left[:256, :256], 299: dark_left}] * 5], networks)
    left = 1.0 / (1.0 + np.exp(-(0.0 - 0.485) / 0.229))
    both = 1.0 / (1.0 + np.exp(-((0.0 - 0.485) / 0.229 + (1.0 - 0.485) / 0.229) / 2))
    assert scores["b3"] == pytest.approx(left, abs=1e-5)
    assert scores["b0"] == pytest.approx(both, abs=1e-5)


def _left_edge(batch: torch.Tensor) -> torch.Tensor:
    level = batch[:, 0, 0, 0]
    return torch.stack([torch.zeros_like(level), level], dim=1)


def test_a_member_without_a_network_is_an_error():
    networks = BrightnessNetworks()
    del networks["b0"]
    with pytest.raises(KeyError, match="b0"):
        member_scores([a_tube(1, 2, 3, 4, 5)], networks)
