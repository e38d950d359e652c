"""Footage, a face finder and the three networks in, the score that the published pipeline gives a video out.

Source: BokingChen's solution of the DeeperForensics Challenge 2020 as IQTLabs/FakeFinder runs it. Which padding the
networks have is decided where they are made (:func:`detectors.systems.boken.networks.member_networks`).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contracts.clips import Pixels
from detectors.systems.boken.aggregation import video_score
from detectors.systems.boken.crops import batch_of, face_of, largest
from detectors.systems.boken.networks import MEMBERS
from detectors.systems.boken.sampling import wanted_frames
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore

FINDER = FinderNeed(
    "mtcnn",
    {"margin": 14, "thresholds": (0.6, 0.7, 0.7), "factor": 0.6, "min_face_size": 20, "keep_all": True},
)


def published_score(
    footage: Footage,
    finder: Finder,
    networks: Mapping[str, Callable[[Tensor], Tensor]],
    *,
    compat: Compat = "corrected",
) -> PublishedScore:
    """The score of a video, 0.01 (genuine) to 0.99 (manipulated); ``None`` without a face or without a frame.

    ``finder`` gives the faces of each picture at the setting of ``FINDER``; ``networks`` give two logits (genuine,
    manipulated) per picture of 3 x 224 x 224. The original says 0.5 without a face, and fails without a frame.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    if set(networks) != set(MEMBERS):
        raise ValueError(f"boken is the networks {', '.join(MEMBERS)}, not {', '.join(sorted(networks))}")
    frames = frames_of(footage)
    if not frames:
        return PublishedScore(None, 0, f"none of {footage.frame_count} frames could be decoded")
    faces = faces_of(frames, finder)
    members = [probabilities_of(network, faces) for network in networks.values()]
    value = video_score(members, compat=compat)
    return PublishedScore(value, len(faces), f"{len(faces)} faces in {len(frames)} frames, {len(members)} networks")


def frames_of(footage: Footage) -> list[Pixels]:
    """The frames that are looked at, without those that cannot be decoded."""
    frames = (footage.frame(index) for index in wanted_frames(footage.frame_count))
    return [frame for frame in frames if frame is not None]


def faces_of(frames: Sequence[Pixels], finder: Finder) -> list[Pixels]:
    """The largest face of every frame that has one, as 224 x 224 pictures."""
    largest_boxes = [largest(boxes) for boxes in finder(frames)]
    faces = (face_of(frame, box) for frame, box in zip(frames, largest_boxes, strict=True) if box)
    return [face for face in faces if face is not None]


def probabilities_of(network: Callable[[Tensor], Tensor], faces: Sequence[Pixels]) -> NDArray[np.floating]:
    """The probability of *manipulated* of each face: the second share of the softmax."""
    if not faces:
        return np.zeros(0)
    return torch.softmax(network(torch.from_numpy(batch_of(faces))).double(), dim=1)[:, 1].numpy()
