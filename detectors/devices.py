"""A device wish (auto, cpu, cuda, cuda:N) in, the torch device that will be used out."""

import re

from contracts.errors import DetectorUnavailable


def resolved(wish: str) -> str:
    """The device for ``wish``; ``auto`` takes the first CUDA device and falls back to the processor.

    Raises:
        ValueError: the wish is none of the four forms.
        DetectorUnavailable: it names a CUDA device that this machine does not have.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wish):
        raise ValueError(f"a device is auto, cpu, cuda or cuda:N, got {wish!r}")
    if wish == "cpu":
        return "cpu"
    return _on_this_machine(wish, _cuda_devices())


def _on_this_machine(wish: str, cuda_devices: int) -> str:
    if wish == "auto":
        return "cuda:0" if cuda_devices else "cpu"
    index = int(wish.partition(":")[2] or 0)
    if index >= cuda_devices:
        raise DetectorUnavailable(
            f"device {wish} was asked for, but torch sees {cuda_devices} CUDA devices here; set TELLTALE_DEVICE=auto"
        )
    return f"cuda:{index}"


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()
