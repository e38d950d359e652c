"""Footage, a face finder and the network in, the score of a video out.

Source: dessa-oss/DeepFake-Detection, a training project. Faces are found, cut and scored as there; how many frames are
looked at and how they make one score is our choice: evenly spaced frames, and the mean probability.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from contracts.clips import FaceBox, Pixels
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, batch_of
from detectors.systems.dessa.aggregation import decisions, video_score
from detectors.systems.dessa.crops import face_view, square_around
from detectors.systems.dessa.sampling import wanted_frames
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore

FINDER = FinderNeed("hog", {"enlarged": 1})
MEMBERS = ("resnet18",)
_PASS_PICTURES = 32


def published_score(
    footage: Footage,
    finder: Finder,
    networks: Mapping[str, Callable[[Tensor], Tensor]],
    *,
    compat: Compat = "corrected",
) -> PublishedScore:
    """The mean probability of *manipulated* over the faces of a video, one per frame; ``None`` without faces.

    ``networks["resnet18"]`` gives two logits (genuine, manipulated) per picture of 3 x 224 x 224. ``original`` takes
    the first face of a frame instead of the largest, and its square shrinks at the right and lower edge.

    Raises:
        KeyError: the network is missing.
    """
    network = networks["resnet18"]
    faces = faces_of(footage, finder, compat=compat)
    if not faces:
        return PublishedScore(None, 0, "no face was found in any frame")
    parts = (faces[at : at + _PASS_PICTURES] for at in range(0, len(faces), _PASS_PICTURES))
    logits = torch.cat([network(_batch(part)).double() for part in parts]).numpy()
    called = int(decisions(logits).sum())
    return PublishedScore(video_score(logits), len(faces), f"{called} of {len(faces)} faces called manipulated")


def faces_of(footage: Footage, finder: Finder, *, compat: Compat = "corrected") -> list[Pixels]:
    """The 224 x 224 pictures of the faces in the frames that are looked at; frames without one are left out."""
    found: list[Pixels] = []
    for index in wanted_frames(footage.frame_count, footage.frames_per_second):
        frame = footage.frame(index)
        boxes = [] if frame is None else finder([frame])[0]
        if frame is not None and boxes:
            face = _face(frame, chosen(boxes, compat=compat), compat)
            found += [] if face is None else [face]
    return found


def chosen(boxes: Sequence[FaceBox], *, compat: Compat = "corrected") -> FaceBox:
    """The face of a frame that is looked at: the largest, or the one that the finder named first (``original``)."""
    if compat == "original":
        return boxes[0]
    return max(boxes, key=lambda box: box.width_px * box.height_px)


def _face(frame: Pixels, box: FaceBox, compat: Compat) -> Pixels | None:
    height, width = frame.shape[:2]
    return face_view(frame, square_around((box.left, box.top, box.right, box.bottom), width, height, compat=compat))


def _batch(faces: Sequence[Pixels]) -> Tensor:
    return torch.from_numpy(batch_of(faces, mean=IMAGENET_MEAN, std=IMAGENET_STD))
