"""A network in, the time of its forward pass out: beside a plain MobileNetV2, on the same pictures, in the same run."""

import time
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

BATCH = 8
_ROUNDS = 15
_WARM_UP = 3


@torch.inference_mode()
def forward_cost(network: nn.Module, *, input_px: int, batch: int = BATCH, rounds: int = _ROUNDS) -> dict[str, Any]:
    """Median milliseconds per face of both networks and their ratio; they take turns, so that noise meets both."""
    pictures = torch.rand(batch, 3, input_px, input_px, generator=torch.Generator().manual_seed(0)) * 2.0 - 1.0
    pictures = pictures.to(memory_format=torch.channels_last)
    plain = mobilenet_v2(weights=None, num_classes=1).eval().to(memory_format=torch.channels_last)
    ours = network.eval().to(memory_format=torch.channels_last)
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for turn in range(_WARM_UP + rounds):
        for name, one in (("ours", ours), ("plain", plain)):
            spent = _ms(one, pictures) / batch
            if turn >= _WARM_UP:
                times[name].append(spent)
    return {
        "batch": batch,
        "input_px": input_px,
        "ms_per_face": median(times["ours"]),
        "plain_ms_per_face": median(times["plain"]),
        "ratio": median(a / b for a, b in zip(times["ours"], times["plain"], strict=True)),
        "threads": torch.get_num_threads(),
        "parameters": sum(one.numel() for one in network.parameters()),
    }


def _ms(network: nn.Module, pictures: Tensor) -> float:
    start = time.perf_counter()
    network(pictures)
    return (time.perf_counter() - start) * 1000.0
