"""Pictures in, face boxes with five landmarks out, by facenet-pytorch's MTCNN (its weights lie in its wheel)."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from contracts.clips import FaceBox, Pixels

if TYPE_CHECKING:
    from facenet_pytorch import MTCNN

MIN_FACE_PX = 14
_THRESHOLDS = [0.6, 0.7, 0.7]
_PYRAMID_FACTOR = 0.709


class MtcnnFaceLocator:
    """A face locator for any number of threads; ``load`` makes one, which takes some seconds."""

    def __init__(self, network: "MTCNN") -> None:
        self._network = network
        self._lock = threading.Lock()

    @classmethod
    def load(cls, *, torch_threads: int, min_face_px: int = MIN_FACE_PX, device: str = "cpu") -> "MtcnnFaceLocator":
        """Load the three networks; ``torch_threads`` holds for the whole process."""
        import torch
        from facenet_pytorch import MTCNN

        torch.set_num_threads(torch_threads)
        network = MTCNN(
            keep_all=True,
            min_face_size=min_face_px,
            thresholds=_THRESHOLDS,
            factor=_PYRAMID_FACTOR,
            device=torch.device(device),
        )
        return cls(network.eval())

    def locate(self, pictures: Sequence[Pixels]) -> list[list[FaceBox]]:
        """Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks"."""
        import torch

        answers: list[list[FaceBox]] = [[] for _ in pictures]
        with self._lock, torch.inference_mode():
            for positions in _by_shape(pictures):
                if min(pictures[positions[0]].shape[:2]) < self._network.min_face_size:
                    continue
                found = self._network.detect(np.stack([pictures[i] for i in positions]), landmarks=True)
                for i, boxes, chances, points in zip(positions, *found, strict=True):
                    answers[i] = _face_boxes(boxes, chances, points)
        return answers


def _by_shape(pictures: Sequence[Pixels]) -> list[list[int]]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, picture in enumerate(pictures):
        groups.setdefault(picture.shape, []).append(i)
    return list(groups.values())


def _face_boxes(boxes: np.ndarray | None, chances: Sequence[float], points: np.ndarray) -> list[FaceBox]:
    if boxes is None:
        return []
    return [
        FaceBox(
            left=float(box[0]),
            top=float(box[1]),
            right=float(box[2]),
            bottom=float(box[3]),
            confidence=float(chance),
            landmarks=tuple((float(x), float(y)) for x, y in marks),
        )
        for box, chance, marks in zip(boxes, chances, points, strict=True)
        if box[2] > box[0] and box[3] > box[1]
    ]
