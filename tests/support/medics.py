"""Stand-ins for the eight networks of medics whose scores a test can work out by hand."""

import math

import torch
from torch import Tensor

from detectors.systems.medics.members import CLIP_MEMBERS, PICTURE_MEMBER


class MedicsNetworks(dict):
    """Networks by member name that give a fixed score, whatever they see, and remember the shapes that they saw.

    A network named in ``failing`` fails as torch does.
    """

    def __init__(self, *, clips: float = 0.8, pictures: float = 0.4, failing: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.shapes: dict[str, list[tuple[int, ...]]] = {}
        self._failing = failing
        for member in CLIP_MEMBERS:
            self[member.name] = lambda batch, name=member.name: self._two_logits(name, batch, clips)
        self[PICTURE_MEMBER] = lambda batch: self._one_logit(batch, pictures)

    def _two_logits(self, name: str, batch: Tensor, score: float) -> Tensor:
        self._saw(name, batch)
        return torch.tensor([[math.log(score), math.log1p(-score)]] * len(batch), dtype=torch.float64)

    def _one_logit(self, batch: Tensor, score: float) -> Tensor:
        self._saw(PICTURE_MEMBER, batch)
        return torch.full((len(batch), 1), math.log(score) - math.log1p(-score), dtype=torch.float64)

    def _saw(self, name: str, batch: Tensor) -> None:
        self.shapes.setdefault(name, []).append(tuple(batch.shape))
        if name in self._failing:
            raise RuntimeError(f"{name} cannot")
