"""Losses by numbers worked out by hand, and weights of classes that make up for their shares."""

import math

import pytest
import torch
from torch import nn

from detectors.training.configuration import Schedule
from detectors.training.losses import OneClassOnly, class_weights, loss_of

LOGITS = torch.tensor([2.0, -1.0, 0.5, -3.0])
TARGETS = torch.tensor([1.0, 1.0, 0.0, 0.0])


def test_without_weights_it_is_the_cross_entropy_of_torch_itself():
    assert loss_of(Schedule(), manipulated_share=0.5) is nn.functional.binary_cross_entropy_with_logits


def test_the_focal_loss_is_the_cross_entropy_times_a_power_of_being_wrong():
    loss = loss_of(Schedule(loss="focal", focal_gamma=2.0), manipulated_share=0.5)
    rightly = [1 / (1 + math.exp(-x if y else x)) for x, y in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True)]
    wanted = sum(-((1 - p) ** 2) * math.log(p) for p in rightly) / len(rightly)
    assert float(loss(LOGITS, TARGETS)) == pytest.approx(wanted, rel=1e-5)


def test_a_focal_loss_without_focus_is_the_cross_entropy():
    focal = loss_of(Schedule(loss="focal", focal_gamma=0.0), manipulated_share=0.5)
    plain = loss_of(Schedule(), manipulated_share=0.5)
    assert float(focal(LOGITS, TARGETS)) == pytest.approx(float(plain(LOGITS, TARGETS)), rel=1e-6)


@pytest.mark.parametrize("loss", ["bce", "focal"])
def test_weights_count_every_class_as_often_as_they_say(loss: str):
    schedule = Schedule.model_validate({"loss": loss, "class_weights": (1.0, 3.0)})
    weighted, plain = (
        loss_of(one, manipulated_share=0.5) for one in (schedule, schedule.model_copy(update={"class_weights": None}))
    )
    genuine, manipulated = plain(LOGITS[2:], TARGETS[2:]), plain(LOGITS[:2], TARGETS[:2])
    assert float(weighted(LOGITS, TARGETS)) == pytest.approx(float(genuine + 3.0 * manipulated) / 2.0, rel=1e-6)


def test_balanced_weights_give_both_classes_the_same_sum():
    weights = class_weights(Schedule(class_weights="balanced"), manipulated_share=0.2)
    assert weights == pytest.approx((0.625, 2.5))
    assert weights is not None and 0.8 * weights[0] == pytest.approx(0.2 * weights[1])


def test_one_class_cannot_be_balanced():
    with pytest.raises(OneClassOnly, match="share of 1"):
        loss_of(Schedule(class_weights="balanced"), manipulated_share=1.0)
