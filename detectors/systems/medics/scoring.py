"""What is seen of a face and the eight networks in, the score that each of them gives this face out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from contracts.clips import Pixels
from detectors.systems.medics.aggregation import score_of_clip, score_of_pictures
from detectors.systems.medics.members import CLIP_MEMBERS, PICTURE_MEMBER, ClipMember
from detectors.systems.medics.views import clip_batch, picture_batch
from detectors.systems.member_networks import Networks

MOST_PICTURES = 32
_PASS_PICTURES = 8


@dataclass(frozen=True, eq=False)
class SeenFace:
    """``clip``: T x 224 x 224 x 3 uint8 RGB; ``pictures``: up to 32 square ones of any size, in the order of time."""

    clip: NDArray[np.uint8]
    pictures: Sequence[Pixels]


def clip_score(face: SeenFace, member: ClipMember, networks: Networks) -> float:
    """What one network over clips makes of a face: 1 is *manipulated*. ``networks`` by the names of the members.

    It sees one view at a time: the activations of a clip are large.
    """
    views = torch.from_numpy(clip_batch(face.clip, member.kind)).split(1)
    return score_of_clip(torch.cat([networks[member.name](view) for view in views]).numpy())


def pictures_score(face: SeenFace, networks: Networks, *, pass_pictures: int = _PASS_PICTURES) -> float:
    """What the network over pictures makes of a face: 1 is *manipulated*.

    Raises:
        ValueError: there is no picture of it.
    """
    network, logits = networks[PICTURE_MEMBER], []
    for first in range(0, len(face.pictures), pass_pictures):
        batch = picture_batch(face.pictures[first : first + pass_pictures], first=first)
        logits.append(network(torch.from_numpy(batch)).reshape(-1).numpy())
    return score_of_pictures(np.concatenate(logits) if logits else ())


def member_scores(face: SeenFace, networks: Networks, *, pass_pictures: int = _PASS_PICTURES) -> list[float]:
    """The scores of all members, one network at a time, in the order of the members."""
    clips = [clip_score(face, member, networks) for member in CLIP_MEMBERS]
    return [*clips, pictures_score(face, networks, pass_pictures=pass_pictures)]
