"""A device wish (auto, cpu, cuda, cuda:N, cuda:0,1) in, the torch devices that will be used out."""

import re

from contracts.errors import DetectorUnavailable

_WISH = re.compile(r"auto|cpu|cuda(:\d+(,\d+)*)?")


def resolved(wish: str) -> tuple[str, ...]:
    """The devices for ``wish``; ``auto`` takes the first CUDA device and falls back to the processor.

    Raises:
        ValueError: the wish is none of the five forms, or names a device twice.
        DetectorUnavailable: it names a CUDA device that this machine does not have.
    """
    if not _WISH.fullmatch(wish):
        raise ValueError(f"a device is auto, cpu, cuda, cuda:N or cuda:N,M, got {wish!r}")
    return ("cpu",) if wish == "cpu" else _on_this_machine(wish, _cuda_devices())


def _on_this_machine(wish: str, cuda_devices: int) -> tuple[str, ...]:
    if wish == "auto":
        return ("cuda:0",) if cuda_devices else ("cpu",)
    indices = [int(index) for index in (wish.partition(":")[2] or "0").split(",")]
    if len(set(indices)) != len(indices):
        raise ValueError(f"device {wish} names a device twice")
    if max(indices) >= cuda_devices:
        raise DetectorUnavailable(
            f"device {wish} was asked for, but torch sees {cuda_devices} CUDA devices here; set TELLTALE_DEVICE=auto"
        )
    return tuple(f"cuda:{index}" for index in indices)


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()
