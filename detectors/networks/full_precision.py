"""A tensor in, a context without automatic half precision on its device out: for fixed filters that need every bit."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def in_full_precision(like: Tensor) -> AbstractContextManager[object]:
    """Switch autocast off where it is on.

    The eight bits of bfloat16 tell grey levels of bright pixels only to the half; the noise that the filters look for
    is of that size.
    """
    kind = like.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()
