"""Footage, a face finder and the network in, DeepfakeStream's score of a video out.

Source: LovePelmeni/DeepfakeStream, which scores the faces of single pictures; see ``aggregation`` for the rest.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from contracts.clips import Pixels
from detectors.systems.deepfakestream.aggregation import face_scores, frame_score, video_score
from detectors.systems.deepfakestream.crops import batch_of, face_of
from detectors.systems.deepfakestream.sampling import wanted_frames
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore

MEMBER = "srm_tf_efficientnet_b2"
FINDER = FinderNeed(
    "mtcnn", {"thresholds": (0.85, 0.95, 0.95), "factor": 0.709, "min_face_size": 160, "keep_all": True}
)
Network = Callable[[Tensor], Tensor]


def published_score(
    footage: Footage, finder: Finder, networks: Mapping[str, Network], *, compat: Compat = "corrected"
) -> PublishedScore:
    """The score of a video, 0 (genuine) to 1 (manipulated); ``None`` where no face was found, in the original too.

    ``finder`` gives all faces of each picture at the setting of ``FINDER``; the network gives two logits per picture of
    3 x 380 x 380. A frame that cannot be decoded is left out.

    Raises:
        ValueError: ``networks`` are not exactly the one member.
    """
    if set(networks) != {MEMBER}:
        raise ValueError(f"srm is the network {MEMBER}, not {', '.join(sorted(networks))}")
    scores: list[list[float]] = []
    for index in wanted_frames(footage.frame_count, footage.frames_per_second):
        frame = footage.frame(index)
        if frame is not None:
            scores.append(_scores_of(_faces_of(frame, finder), networks[MEMBER], compat))
    faces = sum(len(some) for some in scores)
    value = video_score([frame_score(some) for some in scores])
    return PublishedScore(value, faces, f"faces: {faces}, frames that could be read: {len(scores)}")


def _faces_of(frame: Pixels, finder: Finder) -> list[Pixels]:
    cut = (face_of(frame, box) for box in finder([frame])[0])
    return [face for face in cut if face is not None]


def _scores_of(faces: Sequence[Pixels], network: Network, compat: Compat) -> list[float]:
    """One face per pass, as the original does it."""
    batches = (torch.from_numpy(batch_of([face])) for face in faces)
    return [float(face_scores(network(batch), compat=compat)) for batch in batches]
