"""A network that ends in a linear layer in, the same with what that layer sees beside the logit out."""

import torch
from torch import Tensor, nn


class LogitAndFeatures(nn.Module):
    """Gives n x (1 + F) of n pictures: the network's logit, then the F inputs of its last linear layer.

    The network itself is shared and stays as it is.

    Raises:
        ValueError: it has no linear layer.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        if not layers:
            raise ValueError(f"{type(network).__name__} has no linear layer whose input could be looked at")
        self.network = network
        self._last = layers[-1]

    def forward(self, pictures: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self._last.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
        try:
            logits = self.network(pictures)
        finally:
            hook.remove()
        return torch.cat([logits.reshape(-1, 1), seen[-1].flatten(1)], dim=1)
