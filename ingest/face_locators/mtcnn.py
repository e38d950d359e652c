"""Pictures in, face boxes with five landmarks out, by the three networks of facenet-pytorch's MTCNN.

The cascade is that of Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional
networks": a fully convolutional P-Net proposes over a pyramid of sizes, R-Net and O-Net sift and refine. Only the
networks and their weights (which lie in facenet-pytorch's wheel) are used; the pyramid and the cut-outs are made on
bytes by OpenCV and many pictures share one forward pass, which is several times cheaper on a processor.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, Pixels

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.floating]

MIN_FACE_PX = 14
LEAST_CONFIDENCE = 0.9  # below it the cascade takes hair and hands for faces
_CELL_PX = 12
_STRIDE_PX = 2
_PYRAMID_FACTOR = 0.709
_LEAST_CHANCE = {"proposal": 0.7, "refined": 0.7, "final": 0.7}
_R_NET_PX = 24
_O_NET_PX = 48
_EDGES = slice(0, 4)
_CHANCE = 4


@dataclass(frozen=True)
class _Networks:
    proposing: "torch.nn.Module"
    refining: "torch.nn.Module"
    output: "torch.nn.Module"


@dataclass(frozen=True)
class _Candidates:
    """Rows of left, top, right, bottom, chance; ``owner`` is the position of each row's picture."""

    rows: Floats
    owner: NDArray[np.int64]

    def keep(self, which: NDArray) -> "_Candidates":
        return _Candidates(self.rows[which], self.owner[which])


class MtcnnFaceLocator:
    """A face locator for any number of threads, one at a time; ``load`` makes one, which takes some seconds."""

    least_confidence = LEAST_CONFIDENCE

    def __init__(self, networks: _Networks, min_face_px: int) -> None:
        self._networks = networks
        self._min_face_px = min_face_px
        self._lock = threading.Lock()

    @classmethod
    def load(cls, *, torch_threads: int, min_face_px: int = MIN_FACE_PX) -> "MtcnnFaceLocator":
        """Load the three networks; ``torch_threads`` holds for the whole process."""
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the decoder on a busy machine
        import torch
        from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

        torch.set_num_threads(torch_threads)
        networks = (network.eval().to(memory_format=torch.channels_last) for network in (PNet(), RNet(), ONet()))
        return cls(_Networks(*networks), min_face_px)  # channels last: as pictures lie, and twice as fast

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        """For each picture (H x W x 3 uint8 RGB) its faces, the largest first, in the picture's own pixels."""
        least_px = max(self._min_face_px, min_face_px or 0)
        answers: list[list[FaceBox]] = [[] for _ in pictures]
        with self._lock:
            for positions in _by_shape(pictures):
                found = self._cascade([pictures[i] for i in positions], least_px)
                for i, boxes in zip(positions, found, strict=True):
                    answers[i] = sorted(boxes, key=lambda box: -box.width_px * box.height_px)
        return answers

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        """O-Net alone, twice: the first look moves the box onto the face, the second one judges it."""
        answers: list[FaceBox | None] = [None for _ in pictures]
        with self._lock:
            for positions in _by_shape(pictures):
                found = self._confirmed([pictures[i] for i in positions], [expected[i] for i in positions])
                for i, box in zip(positions, found, strict=True):
                    answers[i] = box
        return answers

    def _confirmed(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        rows = np.array([[box.left, box.top, box.right, box.bottom, 0] for box in expected], dtype=np.float32)
        near = _Candidates(_squared(rows), np.arange(len(rows)))
        shifts, _, _ = _run(self._networks.output, _cut_outs(pictures, near, _O_NET_PX))
        near = _Candidates(_squared(_regressed(near.rows, shifts, pad=1)), near.owner)
        shifts, marks, chances = _run(self._networks.output, _cut_outs(pictures, near, _O_NET_PX))
        found = np.concatenate([_regressed(near.rows, shifts, pad=1)[:, _EDGES], chances[:, 1:2]], axis=1)
        sure = _inside(near, pictures) & (chances[:, 1] > _LEAST_CHANCE["final"])
        return [
            _face_box(row, points) if is_sure and row[2] > row[0] and row[3] > row[1] else None
            for row, points, is_sure in zip(found, _landmarks(near.rows, marks), sure, strict=True)
        ]

    def _cascade(self, pictures: Sequence[Pixels], least_px: int) -> list[list[FaceBox]]:
        candidates = self._proposals(pictures, least_px)
        candidates = self._refined(pictures, candidates)
        candidates, landmarks = self._final(pictures, candidates)
        boxes: list[list[FaceBox]] = [[] for _ in pictures]
        for row, owner, marks in zip(candidates.rows, candidates.owner, landmarks, strict=True):
            if row[2] > row[0] and row[3] > row[1]:
                boxes[owner].append(_face_box(row, marks))
        return boxes

    def _proposals(self, pictures: Sequence[Pixels], least_px: int) -> _Candidates:
        height, width = pictures[0].shape[:2]
        found = [self._proposals_at(pictures, scale) for scale in _pyramid(height, width, least_px)]
        if not found:
            return _Candidates(np.zeros((0, 9), np.float32), np.zeros(0, np.int64))
        rows = np.concatenate([some.rows for some in found])
        owner = np.concatenate([some.owner for some in found])
        every = _Candidates(rows, owner)
        every = every.keep(_least_overlapping(every, 0.7))
        return _Candidates(_squared(_regressed(every.rows, every.rows[:, 5:9], pad=0)), every.owner)

    def _proposals_at(self, pictures: Sequence[Pixels], scale: float) -> _Candidates:
        height, width = pictures[0].shape[:2]
        size = int(width * scale + 1), int(height * scale + 1)
        small = np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures])
        shifts, chances = _run(self._networks.proposing, small.astype(np.uint8, copy=False))
        owner, y, x = np.nonzero(chances[:, 1] >= _LEAST_CHANCE["proposal"])
        corner = np.stack([x, y], axis=1).astype(np.float32) * _STRIDE_PX + 1
        rows = np.concatenate(
            [
                np.floor(corner / scale),
                np.floor((corner + _CELL_PX - 1) / scale),
                chances[owner, 1, y, x][:, None],
                shifts[owner, :, y, x],
            ],
            axis=1,
        )
        found = _Candidates(rows.astype(np.float32), owner)
        return found.keep(_least_overlapping(found, 0.5))

    def _refined(self, pictures: Sequence[Pixels], candidates: _Candidates) -> _Candidates:
        candidates = candidates.keep(_inside(candidates, pictures))
        if not len(candidates.rows):
            return candidates
        shifts, chances = _run(self._networks.refining, _cut_outs(pictures, candidates, _R_NET_PX))
        candidates, shifts, _ = _likely(candidates, shifts, chances, _LEAST_CHANCE["refined"])
        kept = _least_overlapping(candidates, 0.7)
        candidates, shifts = candidates.keep(kept), shifts[kept]
        return _Candidates(_squared(_regressed(candidates.rows, shifts, pad=1)), candidates.owner)

    def _final(self, pictures: Sequence[Pixels], candidates: _Candidates) -> tuple[_Candidates, Floats]:
        candidates = candidates.keep(_inside(candidates, pictures))
        if not len(candidates.rows):
            return candidates, np.zeros((0, 5, 2), np.float32)
        shifts, marks, chances = _run(self._networks.output, _cut_outs(pictures, candidates, _O_NET_PX))
        candidates, shifts, likely = _likely(candidates, shifts, chances, _LEAST_CHANCE["final"])
        landmarks = _landmarks(candidates.rows, marks[likely])
        candidates = _Candidates(_regressed(candidates.rows, shifts, pad=1), candidates.owner)
        kept = _least_nested(candidates, 0.7)
        return candidates.keep(kept), landmarks[kept]


def _by_shape(pictures: Sequence[Pixels]) -> list[list[int]]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, picture in enumerate(pictures):
        groups.setdefault(picture.shape, []).append(i)
    return list(groups.values())


def _pyramid(height: int, width: int, min_face_px: int) -> list[float]:
    """The scales at which a P-Net cell is as large as a face, from the smallest face up to one that fills the side."""
    scale, scales = _CELL_PX / min_face_px, []
    while min(height, width) * scale >= _CELL_PX:
        scales.append(scale)
        scale *= _PYRAMID_FACTOR
    return scales


def _run(network: "torch.nn.Module", pixels: Pixels) -> list[Floats]:
    """Bytes N x H x W x 3 through a network that wants about -1..1, channels first."""
    import torch

    with torch.inference_mode():
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32).sub_(127.5).mul_(1 / 128)
        return [out.numpy() for out in network(batch)]


def _likely(
    candidates: _Candidates, shifts: Floats, chances: Floats, least: float
) -> tuple[_Candidates, Floats, NDArray[np.int64]]:
    """Those that the network believes in, with its own chance in place of the former."""
    likely = np.nonzero(chances[:, 1] > least)[0]
    rows = np.concatenate([candidates.rows[likely, :4], chances[likely, 1:2]], axis=1)
    return _Candidates(rows, candidates.owner[likely]), shifts[likely], likely


def _regressed(rows: Floats, shifts: Floats, *, pad: int) -> Floats:
    """Edges moved by shares of the box's size; the networks count the last pixel in (``pad`` 1) or not."""
    size = rows[:, 2:4] - rows[:, 0:2] + pad
    edges = rows[:, _EDGES] + shifts * np.concatenate([size, size], axis=1)
    return np.concatenate([edges, rows[:, _CHANCE : _CHANCE + 1]], axis=1)


def _squared(rows: Floats) -> Floats:
    """The smallest square with the same centre around each box."""
    side = np.max(rows[:, 2:4] - rows[:, 0:2], axis=1, keepdims=True)
    corner = (rows[:, 0:2] + rows[:, 2:4] - side) / 2
    return np.concatenate([corner, corner + side, rows[:, _CHANCE : _CHANCE + 1]], axis=1)


def _inside(candidates: _Candidates, pictures: Sequence[Pixels]) -> NDArray[np.bool_]:
    """Boxes of which at least a pixel lies in the picture."""
    height, width = pictures[0].shape[:2]
    left, top, right, bottom = candidates.rows[:, _EDGES].T
    overlap_x = np.minimum(right, width) - np.maximum(left, 0)
    overlap_y = np.minimum(bottom, height) - np.maximum(top, 0)
    return (overlap_x >= 2) & (overlap_y >= 2)


def _cut_outs(pictures: Sequence[Pixels], candidates: _Candidates, side_px: int) -> Pixels:
    """Each box as a picture of side_px x side_px; what leaves the picture is cut off and the rest is stretched."""
    height, width = pictures[0].shape[:2]
    edges = candidates.rows[:, _EDGES].astype(np.int64)
    cut = np.empty((len(edges), side_px, side_px, 3), dtype=np.uint8)
    for i, (left, top, right, bottom) in enumerate(edges):
        x0, y0 = min(max(left - 1, 0), width - 1), min(max(top - 1, 0), height - 1)
        x1, y1 = max(min(right, width), x0 + 1), max(min(bottom, height), y0 + 1)
        how = cv2.INTER_AREA if x1 - x0 > side_px else cv2.INTER_LINEAR
        cv2.resize(pictures[candidates.owner[i]][y0:y1, x0:x1], (side_px, side_px), dst=cut[i], interpolation=how)
    return cut


def _landmarks(rows: Floats, marks: Floats) -> Floats:
    """Shares of the box (five x, then five y) as points of the picture, N x 5 x 2."""
    size = rows[:, 2:4] - rows[:, 0:2] + 1
    points = np.stack([marks[:, :5], marks[:, 5:]], axis=2)
    return points * size[:, None, :] + rows[:, None, 0:2] - 1


def _least_overlapping(candidates: _Candidates, most: float) -> NDArray[np.int64]:
    """Positions that stay when of two boxes of a picture with a larger overlap the less likely goes; best first."""
    import torch
    from torchvision.ops import batched_nms

    rows = torch.from_numpy(candidates.rows)
    kept = batched_nms(rows[:, _EDGES], rows[:, _CHANCE], torch.from_numpy(candidates.owner), most)
    return kept.numpy()


def _least_nested(candidates: _Candidates, most: float) -> NDArray[np.int64]:
    """Like ``_least_overlapping``, but the overlap is measured against the smaller box."""
    kept: list[int] = []
    for i in np.argsort(-candidates.rows[:, _CHANCE], kind="stable"):
        peers = [j for j in kept if candidates.owner[j] == candidates.owner[i]]
        if all(_nesting(candidates.rows[i], candidates.rows[j]) <= most for j in peers):
            kept.append(int(i))
    return np.asarray(kept, dtype=np.int64)


def _nesting(one: Floats, other: Floats) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0]) + 1
    height = min(one[3], other[3]) - max(one[1], other[1]) + 1
    areas = [(row[2] - row[0] + 1) * (row[3] - row[1] + 1) for row in (one, other)]
    return float(max(0.0, width) * max(0.0, height) / max(1e-6, min(areas)))


def _face_box(row: Floats, marks: Floats) -> FaceBox:
    left, top, right, bottom, chance = (float(value) for value in row)
    return FaceBox(left, top, right, bottom, chance, tuple((float(x), float(y)) for x, y in marks))
