"""Footage, a face finder and the seven networks in, the score that the published pipeline gives a video out.

Source: selimsef/dfdc_deepfake_challenge as IQTLabs/FakeFinder runs it. The original turns every failure into 0.5; here
the score is ``None`` then, unless the published behaviour is asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contracts.clips import Pixels
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, batch_of
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore
from detectors.systems.selimsef.aggregation import UNDECIDED, video_score
from detectors.systems.selimsef.crops import chosen, cut_out, doubled, halved, letterboxed, vanishes
from detectors.systems.selimsef.networks import MEMBERS
from detectors.systems.selimsef.sampling import read_frames

FINDER = FinderNeed(
    "mtcnn",
    {"margin": 0, "thresholds": (0.7, 0.8, 0.8), "factor": 0.709, "min_face_size": 20, "keep_all": True},
)
_PASS_PICTURES = 8


def published_score(
    footage: Footage,
    finder: Finder,
    networks: Mapping[str, Callable[[Tensor], Tensor]],
    *,
    compat: Compat = "corrected",
) -> PublishedScore:
    """The score of a video, 0 (genuine) to 1 (manipulated); ``None`` without a face that could be looked at.

    ``finder`` gives the faces of each picture, the largest first, at the setting of ``FINDER``; ``networks`` give one
    logit of *manipulated* per picture of 3 x 380 x 380.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    if set(networks) != set(MEMBERS):
        raise ValueError(f"selimsef is the networks {', '.join(MEMBERS)}, not {', '.join(sorted(networks))}")
    found = [faces_of(frame, finder) for frame in frames_of(footage, compat=compat)]
    if compat == "original" and any(crop is None or vanishes(crop) for crops in found for crop in crops):
        return PublishedScore(UNDECIDED, 0, "the original fails on a face outside its frame and says 0.5")
    faces = kept_faces(found, compat=compat)
    if not faces:
        value = UNDECIDED if compat == "original" else None
        return PublishedScore(value, 0, f"no face in {len(found)} frames that could be read")
    members = [probabilities_of(network, faces, compat=compat) for network in networks.values()]
    detail = f"{len(faces)} faces in {len(found)} frames, {len(members)} networks"
    return PublishedScore(video_score(members, compat=compat), len(faces), detail)


def frames_of(footage: Footage, *, compat: Compat) -> Iterator[Pixels]:
    """The frames that are looked at; the first one that cannot be decoded ends them."""
    for index in read_frames(footage.frame_count, compat=compat):
        frame = footage.frame(index)
        if frame is None:
            return
        yield frame


def faces_of(frame: Pixels, finder: Finder) -> list[Pixels | None]:
    """All faces of a frame with their thirds, looked for in the halved frame; ``None`` for one outside the frame."""
    (boxes,) = finder([halved(frame)])
    return [cut_out(frame, doubled(box)) for box in boxes]


def kept_faces(found: Sequence[Sequence[Pixels | None]], *, compat: Compat) -> list[Pixels]:
    """The faces that are scored, in the order of their frames, as 380 x 380 pictures."""
    crops = [[crop for crop in some if crop is not None] for some in found]
    places = chosen([len(some) for some in crops], compat=compat)
    return [letterboxed(crops[frame][face]) for frame, face in places]


def probabilities_of(
    network: Callable[[Tensor], Tensor], faces: Sequence[Pixels], *, compat: Compat
) -> NDArray[np.floating]:
    """The probability of *manipulated* of each face; in single precision where the original is followed."""
    parts = (faces[at : at + _PASS_PICTURES] for at in range(0, len(faces), _PASS_PICTURES))
    logits = torch.cat([network(tensor_of(part)).reshape(-1) for part in parts])
    return torch.sigmoid(logits.float() if compat == "original" else logits.double()).numpy()


def tensor_of(faces: Sequence[Pixels]) -> Tensor:
    """380 x 380 RGB pictures as the networks want them; the black around a face is black, too."""
    return torch.from_numpy(batch_of(faces, mean=IMAGENET_MEAN, std=IMAGENET_STD))
