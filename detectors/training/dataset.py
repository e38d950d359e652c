"""Pair numbers in, batches of network input out, made ahead in a worker process; resumable at any step."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from contracts.clips import Pixels
from detectors.networks.mobilenet_v2 import INPUT_MEAN, INPUT_STD
from detectors.preprocessing import batch_of
from detectors.training.pairs import Pair, PairSource

Batch = tuple[Tensor, Tensor]


class _NumberedPairs(Dataset[Pair]):
    def __init__(self, maker: PairSource, start: int, end: int) -> None:
        self._maker, self._start, self._length = maker, start, end - start

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> Pair:
        return self._maker.make(self._start + at)


def network_input(views: Sequence[Pixels]) -> Tensor:
    """n x 3 x side x side float32 in [-1, 1] of square RGB views."""
    return torch.from_numpy(batch_of(views, mean=INPUT_MEAN, std=INPUT_STD))


def batch_of_pairs(pairs: Sequence[Pair]) -> Batch:
    """Network input and targets (0 genuine, 1 manipulated), the genuine half first."""
    views = [pair.genuine for pair in pairs] + [pair.manipulated for pair in pairs]
    targets = np.repeat(np.array([0.0, 1.0], np.float32), len(pairs))
    return network_input(views), torch.from_numpy(targets)


def batches(
    maker: PairSource, *, first_step: int, steps: int, pairs_per_step: int, workers: int, first_pair: int = 0
) -> Iterator[Batch]:
    """The batches of steps ``first_step`` to ``steps``; the same ones in every run."""
    start, end = (first_pair + step * pairs_per_step for step in (first_step, steps))
    pairs = _NumberedPairs(maker, start, end)
    loader = DataLoader(
        pairs,
        batch_size=pairs_per_step,
        num_workers=workers,
        collate_fn=batch_of_pairs,
        worker_init_fn=_one_thread if workers else None,
        prefetch_factor=4 if workers else None,
        # A forked worker would inherit the locks of OpenCV's and torch's threads, but not the threads that open them.
        multiprocessing_context="spawn" if workers else None,
    )
    yield from loader


def _one_thread(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
