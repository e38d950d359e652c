"""A backbone with folded batch norms in, a network that can be trained further out, giving the same numbers."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from detectors.networks.face_network import FaceNetwork, Parts

_HEAD = "classifier."


def load_backbone(path: Path, parts: Parts | None = None) -> FaceNetwork:
    """A network with the published features, a fresh output, and parts that do not change its function yet.

    Raises:
        FileNotFoundError: there is no such file.
        RuntimeError: its tensors are not those of a MobileNetV2.
    """
    network = FaceNetwork(parts)
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    features = {key: value.float() for key, value in tensors.items() if not key.startswith(_HEAD)}
    own_head = {key: value for key, value in network.backbone.state_dict().items() if key.startswith(_HEAD)}
    network.backbone.load_state_dict({**features, **own_head})
    return network


@torch.no_grad()
def unfold_norms(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give folded batch norms real statistics, so that training mode starts from the function that the file holds.

    The published layers carry scale 1 and mean 0. Mean and variance of what reaches each norm are measured over
    ``batches`` (n x 3 x side x side); scale and shift then undo exactly what the new statistics do.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}
    hooks = [norm.register_forward_pre_hook(partial(_add_up, sums[norm])) for norm in norms]
    network.eval()
    for batch in batches:
        network(batch)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        _restate(norm, sums[norm])


def _add_up(sums: Tensor, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    values = inputs[0].double()
    sums[0] += values.sum(dim=(0, 2, 3))
    sums[1] += values.square().sum(dim=(0, 2, 3))
    sums[2] += values.numel() / values.shape[1]


def _restate(norm: nn.BatchNorm2d, sums: Tensor) -> None:
    old_scale, old_shift, old_mean, old_variance = norm.weight, norm.bias, norm.running_mean, norm.running_var
    if old_mean is None or old_variance is None:
        raise ValueError("a batch norm without running statistics cannot be unfolded")
    gain = old_scale / torch.sqrt(old_variance + norm.eps)
    mean = (sums[0] / sums[2]).float()
    variance = (sums[1] / sums[2] - (sums[0] / sums[2]).square()).clamp_min(1e-6).float()
    norm.bias.copy_(old_shift + gain * (mean - old_mean))
    norm.weight.copy_(gain * torch.sqrt(variance + norm.eps))
    old_mean.copy_(mean)
    old_variance.copy_(variance)
