"""EfficientNets of ``efficientnet_pytorch`` on timm's: their tensor names, and the padding of each of its releases.

Source of the networks: Tan and Le 2019, "EfficientNet", arXiv:1905.11946. The releases 0.6.3, 0.7.0 and 0.7.1 of
efficientnet_pytorch have the same weights and compute different numbers, because the five convolutions of stride 2 are
padded differently:

* ``nominal`` (0.6.3): as TensorFlow pads a picture of the variant's nominal size, in every layer. These sizes are even,
  so a kernel of 3 gets (0, 1) and one of 5 gets (1, 2), however large the picture really is.
* ``symmetric`` (0.7.0): the larger half of that on both sides.
* ``propagated`` (0.7.1): as ``nominal``, with the nominal size halved from layer to layer; where it is odd on the way,
  that layer is padded on both sides.
* ``dynamic`` (timm and TensorFlow): by the real size of what comes in.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeGuard

import timm
from torch import Tensor, nn
from torch.nn import functional

from detectors.networks.original import OriginalNetwork

Padding = Literal["nominal", "symmetric", "propagated", "dynamic"]

NOMINAL_PX: Mapping[str, int] = {
    "b0": 224, "b1": 240, "b2": 260, "b3": 300, "b4": 380, "b5": 456, "b6": 528, "b7": 600,
}  # fmt: skip
_WIDE_BLOCK = {
    "conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
    "se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand", "conv_pwl": "_project_conv", "bn3": "_bn2",
}  # fmt: skip
_PLAIN_BLOCK = {
    "conv_dw": "_depthwise_conv", "bn1": "_bn1",
    "se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand", "conv_pw": "_project_conv", "bn2": "_bn2",
}  # fmt: skip
_AROUND = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(.+)\.(\w+)$")
_STAGE_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
_DEPTH = {"b0": 1.0, "b1": 1.1, "b2": 1.2, "b3": 1.4, "b4": 1.8, "b5": 2.2, "b6": 2.6, "b7": 3.1}


class FixedPaddingConv2d(nn.Conv2d):
    """A convolution that pads by fixed numbers of zeros: ``before`` left and above, ``after`` right and below.

    It takes the place of ``convolution`` and keeps its weights, whose names in a state dict do not change.
    """

    def __init__(self, convolution: nn.Conv2d, *, before: int, after: int) -> None:
        super().__init__(1, 1, 1)  # every trait is taken over below
        self.__dict__.update(convolution.__dict__)
        self.around = (before, after, before, after)

    def forward(self, input: Tensor) -> Tensor:
        padded = functional.pad(input, self.around)
        return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


def efficientnet_pytorch(variant: str, *, outputs: int, padding: Padding) -> OriginalNetwork:
    """The EfficientNet ``variant`` (``b0`` to ``b7``) with ``outputs`` logits, named as in efficientnet_pytorch."""
    return OriginalNetwork(
        make=partial(make_efficientnet, variant, outputs=outputs, padding=padding),
        original_key=key_map(variant),
    )


def make_efficientnet(variant: str, *, outputs: int, padding: Padding) -> nn.Module:
    """timm's EfficientNet without weights; ``outputs`` 0 leaves the classifier out. n x 3 x H x W float pictures in."""
    network = timm.create_model(f"tf_efficientnet_{variant}", num_classes=outputs)
    if padding != "dynamic":
        pad_strided(network, NOMINAL_PX[variant], padding)
    return network


def pad_strided(network: nn.Module, nominal_px: int, padding: Padding) -> None:
    """Give every convolution of stride 2 the padding of a release, in the order in which a picture meets them."""
    side_px = nominal_px
    strided = [(name, part) for name, part in network.named_modules() if _is_strided(part)]
    for name, convolution in strided:
        before, after = _around(convolution.kernel_size[0], side_px, padding)
        where, _, last = name.rpartition(".")
        padded = FixedPaddingConv2d(convolution, before=before, after=after)
        setattr(network.get_submodule(where), last, padded)
        side_px = math.ceil(side_px / 2)


def _is_strided(part: nn.Module) -> TypeGuard[nn.Conv2d]:
    return isinstance(part, nn.Conv2d) and part.stride == (2, 2)


def _around(kernel: int, side_px: int, padding: Padding) -> tuple[int, int]:
    if padding == "symmetric":
        return kernel // 2, kernel // 2
    total = kernel - 1 if padding == "propagated" and side_px % 2 else kernel - 2
    return total // 2, total - total // 2


def key_map(variant: str) -> Callable[[str], str]:
    """A function from timm's tensor names of this variant to those of efficientnet_pytorch."""
    depths = [math.ceil(_DEPTH[variant] * blocks) for blocks in _STAGE_BLOCKS]
    firsts = [sum(depths[:stage]) for stage in range(len(depths))]
    return partial(_original_key, firsts)


def _original_key(firsts: Sequence[int], key: str) -> str:
    if found := _BLOCK.match(key):
        stage, block, part, tensor = int(found[1]), int(found[2]), found[3], found[4]
        names = _WIDE_BLOCK if stage else _PLAIN_BLOCK
        return f"_blocks.{firsts[stage] + block}.{_within(names, part)}.{tensor}"
    part, _, tensor = key.rpartition(".")
    return f"{_AROUND[part]}.{tensor}"


def _within(names: Mapping[str, str], part: str) -> str:
    """The original's name of a part of a block; what hangs below a known part keeps its own name."""
    known = next(name for name in names if part == name or part.startswith(f"{name}."))
    return names[known] + part.removeprefix(known)
