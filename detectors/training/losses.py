"""The settings of a schedule in, a function from logits and targets to one loss out.

Source of the focal loss: Lin, Goyal, Girshick, He, Dollar, "Focal Loss for Dense Object Detection", ICCV 2017. It
weighs down examples that are already judged rightly, by the power ``focal_gamma`` of the probability of being wrong.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from detectors.training.configuration import Schedule

Loss = Callable[[Tensor, Tensor], Tensor]
Weights = tuple[float, float]


class OneClassOnly(ValueError):
    """Balanced class weights were asked for, and all examples are genuine, or all manipulated."""


def loss_of(schedule: Schedule, *, manipulated_share: float) -> Loss:
    """The mean loss over n float logits and n targets (0 genuine, 1 manipulated).

    Args:
        schedule: names the loss and the weights of the two classes.
        manipulated_share: of all examples that are learned from; what ``balanced`` counts.

    Raises:
        OneClassOnly: ``balanced``, and the share is 0 or 1.
    """
    weights = class_weights(schedule, manipulated_share=manipulated_share)
    if schedule.loss == "bce" and weights is None:
        return nn.functional.binary_cross_entropy_with_logits
    each: Loss = _bce_each if schedule.loss == "bce" else _focal_each(schedule.focal_gamma)
    genuine, manipulated = weights or (1.0, 1.0)

    def weighted(logits: Tensor, targets: Tensor) -> Tensor:
        return (each(logits, targets) * (genuine + (manipulated - genuine) * targets)).mean()

    return weighted


def class_weights(schedule: Schedule, *, manipulated_share: float) -> Weights | None:
    """The weights of genuine and manipulated examples; balanced ones are 1 / (2 share), so that both sum alike.

    Raises:
        OneClassOnly: ``balanced``, and the share is 0 or 1.
    """
    if schedule.class_weights != "balanced":
        return schedule.class_weights
    if not 0.0 < manipulated_share < 1.0:
        raise OneClassOnly(f"a share of {manipulated_share:g} manipulated examples cannot be balanced by weights")
    return 0.5 / (1.0 - manipulated_share), 0.5 / manipulated_share


def _bce_each(logits: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def _focal_each(gamma: float) -> Loss:
    return lambda logits, targets: sigmoid_focal_loss(logits, targets, alpha=-1.0, gamma=gamma, reduction="none")
