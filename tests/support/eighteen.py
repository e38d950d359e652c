"""Stand-ins for the networks of eighteen: they say how bright what they see is, so that a test can work it out."""

import torch
from torch import Tensor

from detectors.systems.eighteen.members import MEMBERS, Member
from detectors.systems.eighteen.scoring import Network


class BrightnessNetworks(dict[str, Network]):
    """One per member, by name: logits ``0`` and ``4 * (b - 0.5)`` for pictures of the mean brightness ``b`` (0 to 1).

    ``shapes`` remembers the shape of every batch that each was given.
    """

    def __init__(self) -> None:
        self.shapes: dict[str, list[tuple[int, ...]]] = {member.name: [] for member in MEMBERS}
        super().__init__({member.name: self._network(member) for member in MEMBERS})

    def _network(self, member: Member) -> Network:
        def network(batch: Tensor) -> Tensor:
            self.shapes[member.name].append(tuple(batch.shape))
            shape = (1, 3, *(1,) * (batch.dim() - 2))
            level = batch * torch.tensor(member.std).view(shape) + torch.tensor(member.mean).view(shape)
            logit = 4.0 * (level.flatten(1).mean(dim=1) - 0.5)
            return torch.stack([torch.zeros_like(logit), logit], dim=1)

        return network
