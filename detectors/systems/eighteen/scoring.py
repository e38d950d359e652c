"""The pictures of face tubes and the networks in, the scores of the members out, one network after another."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from contracts.clips import Pixels
from detectors.preprocessing import Floats
from detectors.systems.eighteen.aggregation import Doubles, member_score
from detectors.systems.eighteen.crops import Views
from detectors.systems.eighteen.members import MEMBERS, Member
from detectors.systems.eighteen.sampling import picture_indices
from detectors.systems.footage import Compat
from detectors.systems.member_networks import Networks

Network = Callable[[Tensor], Tensor]

_PASS_PICTURES = 8


def member_scores(
    tubes: Sequence[Sequence[Views]],
    networks: Networks,
    *,
    compat: Compat = "corrected",
    pass_pictures: int = _PASS_PICTURES,
) -> dict[str, float]:
    """The score of each member by its name; ``tubes`` holds the views of each face, frame by frame.

    ``networks`` are called by member name with float32 batches (1 x 3 x T x H x W, or at most ``pass_pictures``
    pictures n x 3 x H x W) and give two logits each. Only one member's tensors are in memory at a time.

    Raises:
        KeyError: a member has no network.
    """
    return {
        member.name: member_score(
            member, [_logits(member, tube, networks[member.name], compat, pass_pictures) for tube in tubes],
            compat=compat,
        )
        for member in MEMBERS
    }  # fmt: skip


def _logits(member: Member, tube: Sequence[Views], network: Network, compat: Compat, pass_pictures: int) -> Doubles:
    views = [frame[member.size_px] for frame in tube]
    if member.group == "video":
        return _logits_of_tube(member, views, network)
    chosen = [views[at] for at in picture_indices(len(views), compat=compat)]
    return _logits_of_pictures(member, chosen, network, pass_pictures)


def _logits_of_tube(member: Member, views: Sequence[Pixels], network: Network) -> Doubles:
    clip = torch.from_numpy(member.tensor_of(views)).transpose(0, 1)
    return _numbers(network(clip.contiguous().unsqueeze(0)))[0]


def _logits_of_pictures(member: Member, views: Sequence[Pixels], network: Network, pass_pictures: int) -> Doubles:
    seen = [_seen(member, torch.from_numpy(batch), network) for batch in _batches(member, views, pass_pictures)]
    return np.concatenate(seen) if seen else np.empty((0, 2))


def _seen(member: Member, batch: Tensor, network: Network) -> Doubles:
    """The logits of pictures, and where the member wants it their means with those of the mirrored pictures."""
    plain = _numbers(network(batch))
    return (plain + _numbers(network(batch.flip(3)))) / 2 if member.mirrored else plain


def _batches(member: Member, views: Sequence[Pixels], pass_pictures: int) -> Iterator[Floats]:
    for first in range(0, len(views), pass_pictures):
        yield member.tensor_of(views[first : first + pass_pictures])


def _numbers(logits: Tensor) -> Doubles:
    return logits.double().cpu().numpy()
