"""Where and how networks run: a module in, a function that takes and gives plain processor tensors out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

Precision = Literal["fp32", "fp16", "bf16"]
Placed = Callable[["Tensor"], "Tensor"]

# On a processor few pictures at a time stay in its caches, and buffers of hundreds of megabytes cost more time in the
# system than they save in the networks; a GPU wants many.
_PASS_PICTURES = 8
_PASS_PIXELS = 2 * 380 * 380
_PASS_PICTURES_ON_GPU = 64


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How the networks of one detector run.

    ``device`` is a resolved torch device (``cpu``, ``cuda:0``); ``precision`` is that of weights and activations;
    ``compiled`` lets ``torch.compile`` have the networks; ``channels_last`` keeps the colours of a pixel side by side,
    which convolutions over pictures are faster with.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    compiled: bool = False
    channels_last: bool = True

    def pictures_per_pass(self, side_px: int) -> int:
        """How many square pictures of this side one forward pass takes."""
        if self.device != "cpu":
            return _PASS_PICTURES_ON_GPU
        return max(1, min(_PASS_PICTURES, _PASS_PIXELS // side_px**2))

    def placed(self, module: "nn.Module") -> Placed:
        """The module as a function: float32 tensors on the processor in, float64 tensors on the processor out.

        The module itself is moved, cast, set to evaluation and stripped of gradients.
        """
        import torch

        dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[self.precision]
        module = module.eval().requires_grad_(requires_grad=False).to(self.device, dtype)
        if self.channels_last:
            _lay_out(module)
        run = torch.compile(module) if self.compiled else module

        @torch.inference_mode()
        def placed(batch: "Tensor") -> "Tensor":
            return run(batch.to(self.device, dtype)).double().cpu()

        return placed


def _lay_out(module: "nn.Module") -> None:
    """Put the weights of convolutions over pictures into ``channels_last``; those over clips stay as they are."""
    import torch

    for tensor in module.parameters():
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)


@dataclass(eq=False)
class Placement:
    """A network that was placed, and the first batch that went through it."""

    module: "nn.Module"
    batch: "Tensor | None" = None


@dataclass(frozen=True, kw_only=True)
class RecordingRuntime(Runtime):
    """A runtime that remembers every network that it places and what that network is shown first."""

    placements: list[Placement] = field(default_factory=list, compare=False)

    def placed(self, module: "nn.Module") -> Placed:
        """As :meth:`Runtime.placed`."""
        run, placement = super().placed(module), Placement(module)
        self.placements.append(placement)

        def recorded(batch: "Tensor") -> "Tensor":
            if placement.batch is None:
                placement.batch = batch.clone()
            return run(batch)

        return recorded
