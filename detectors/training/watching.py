"""A network and views of people that are not learned from in, how well it tells the two halves apart out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from contracts.clips import Pixels
from detectors.training.dataset import Source, views_of
from detectors.training.measuring.areas import auc, log_loss, logits_of


@dataclass(frozen=True, slots=True)
class Watched:
    """Means over what is watched; the log loss is that of the sigmoid of the logits, before any calibration."""

    auc: float
    log_loss: float


class Watch:
    """Looks at the first ``count`` places of every source; their views are made once and kept."""

    def __init__(self, sources: Mapping[str, Source], *, count: int, device: torch.device) -> None:
        self._sources, self._count, self._device = sources, count, device
        self._views: dict[str, tuple[list[Pixels], list[Pixels]]] = {}

    def look(self, network: nn.Module) -> Watched:
        """Area under the curve and log loss, each the mean over the sources; the network is left in evaluation mode.

        Raises:
            ValueError: a source gives only genuine or only manipulated views.
        """
        seen = [self._looked_at(name, network.eval()) for name in self._sources]
        return Watched(float(np.mean([one.auc for one in seen])), float(np.mean([one.log_loss for one in seen])))

    def _looked_at(self, name: str, network: nn.Module) -> Watched:
        if name not in self._views:
            self._views[name] = views_of(self._sources[name], self._count)
        on_device = _OnDevice(network, self._device)
        genuine, manipulated = (logits_of(on_device, views) for views in self._views[name])
        truths = [False] * len(genuine) + [True] * len(manipulated)
        return Watched(auc(genuine, manipulated), log_loss(expit(np.r_[genuine, manipulated]).tolist(), truths))


class _OnDevice(nn.Module):
    def __init__(self, network: nn.Module, device: torch.device) -> None:
        super().__init__()
        self._network, self._device = network, device

    def forward(self, pictures: Tensor) -> Tensor:
        return self._network(pictures.to(self._device)).cpu()
