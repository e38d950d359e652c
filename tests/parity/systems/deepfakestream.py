"""Golden fixtures of DeepfakeStream: logits and what its last layer makes of them; the filters are constants."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from detectors.networks.srm import srm_filters


def _filters(fixture: dict) -> np.ndarray:
    """The filters that the fixture states, summed over three colours."""
    kernels = np.asarray(fixture["srm_kernels"], dtype=np.float32)
    return np.repeat(kernels[:, None], 3, axis=1)


def _require_own_filters(fixture: dict) -> None:
    if not np.array_equal(srm_filters(3).numpy(), _filters(fixture)):
        raise ValueError("our high-pass filters are not those of the fixture")


def _with_softmax(module: nn.Module, batch: Tensor, fixture: dict) -> Tensor:
    _require_own_filters(fixture)
    logits = module(batch)
    return torch.stack([logits, torch.softmax(logits, dim=1)])


def _with_sigmoid(module: nn.Module, batch: Tensor, _fixture: dict) -> Tensor:
    logits = module(batch)
    return torch.stack([logits, torch.sigmoid(logits)])


def _logits(module: nn.Module, batch: Tensor, fixture: dict) -> Tensor:
    _require_own_filters(fixture)
    return module(batch)


FIXED: dict[str, Callable[[dict], np.ndarray]] = {"srm_conv.conv.weight": _filters}
FORWARDS = {
    "srm_tf_efficientnet_b2": _with_softmax,
    "srm_tf_efficientnetv2_b2": _with_softmax,
    "gwap_tf_efficientnetv2_b2": _with_sigmoid,
    "distil_resnet50": _logits,
}
