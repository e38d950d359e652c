"""Numbers in, batches of network input out: pairs, labelled examples or both, made ahead in a worker; resumable."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from contracts.clips import Pixels
from detectors.networks.mobilenet_v2 import INPUT_MEAN, INPUT_STD
from detectors.preprocessing import batch_of
from detectors.training.labelled.examples import ExampleSource
from detectors.training.pairs import Pair, PairSource

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class View:
    """One square RGB view with its truth."""

    pixels: Pixels
    manipulated: bool


@dataclass(frozen=True, slots=True)
class Mixture:
    """Pairs, labelled examples, or both; ``labelled_share`` of all views are then labelled, evenly spread.

    Place number n holds either pair n or the labelled examples 2n and 2n + 1. Without pairs all places are labelled,
    without labelled examples all are pairs.
    """

    pairs: PairSource | None = None
    labelled: ExampleSource | None = None
    labelled_share: float = 0.5

    def __post_init__(self) -> None:
        """Raises ``ValueError`` when there are neither pairs nor labelled examples."""
        if self.pairs is None and self.labelled is None:
            raise ValueError("there are neither pairs nor labelled examples to learn from")

    @property
    def share(self) -> float:
        """How many of the views are labelled, in the long run."""
        if self.pairs is None or self.labelled is None:
            return 0.0 if self.labelled is None else 1.0
        return self.labelled_share

    @property
    def manipulated_share(self) -> float:
        """How many of the views are manipulated, in the long run: what ``balanced`` class weights make up for."""
        of_labelled = self.labelled.manipulated_share if self.labelled is not None else 0.5
        return 0.5 * (1.0 - self.share) + of_labelled * self.share

    def views(self, number: int) -> list[View]:
        """The two views of place ``number``."""
        # A place is labelled when the share of all places up to it passes a whole number.
        is_labelled = math.floor((number + 1) * self.share) > math.floor(number * self.share)
        if self.labelled is not None and (is_labelled or self.pairs is None):
            examples = [self.labelled.example(2 * number + nth) for nth in (0, 1)]
            return [View(example.view, example.manipulated) for example in examples]
        assert self.pairs is not None, "a mixture has pairs or labelled examples"
        pair = self.pairs.make(number)
        return [View(pair.genuine, manipulated=False), View(pair.manipulated, manipulated=True)]


Source = PairSource | Mixture


def mixture_of(source: Source) -> Mixture:
    """The source itself, or its pairs alone."""
    return source if isinstance(source, Mixture) else Mixture(pairs=source)


def views_of(source: Source, count: int) -> tuple[list[Pixels], list[Pixels]]:
    """The genuine and the manipulated views of the first ``count`` places, for looking at the progress of a run."""
    views = [view for number in range(count) for view in mixture_of(source).views(number)]
    return _of_class(views, manipulated=False), _of_class(views, manipulated=True)


class _NumberedPlaces(Dataset[list[View]]):
    def __init__(self, mixture: Mixture, start: int, end: int) -> None:
        self._mixture, self._start, self._length = mixture, start, end - start

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> list[View]:
        return self._mixture.views(self._start + at)


def network_input(views: Sequence[Pixels]) -> Tensor:
    """n x 3 x side x side float32 in [-1, 1] of square RGB views."""
    return torch.from_numpy(batch_of(views, mean=INPUT_MEAN, std=INPUT_STD))


def batch_of_pairs(pairs: Sequence[Pair]) -> Batch:
    """Network input and targets (0 genuine, 1 manipulated), the genuine half first."""
    return _batch_of([pair.genuine for pair in pairs], [pair.manipulated for pair in pairs])


def batch_of_places(places: Sequence[Sequence[View]]) -> Batch:
    """Network input and targets (0 genuine, 1 manipulated) of the views of some places, the genuine ones first."""
    views = [view for place in places for view in place]
    return _batch_of(_of_class(views, manipulated=False), _of_class(views, manipulated=True))


def batches(
    source: Source, *, first_step: int, steps: int, pairs_per_step: int, workers: int, first_pair: int = 0
) -> Iterator[Batch]:
    """The batches of steps ``first_step`` to ``steps``, two views for each of ``pairs_per_step`` places.

    The same ones in every run; a source of pairs alone gives pair after pair.
    """
    start, end = (first_pair + step * pairs_per_step for step in (first_step, steps))
    places = _NumberedPlaces(mixture_of(source), start, end)
    loader = DataLoader(
        places,
        batch_size=pairs_per_step,
        num_workers=workers,
        collate_fn=batch_of_places,
        worker_init_fn=_one_thread if workers else None,
        prefetch_factor=4 if workers else None,
        # A forked worker would inherit the locks of OpenCV's and torch's threads, but not the threads that open them.
        multiprocessing_context="spawn" if workers else None,
    )
    yield from loader


def _of_class(views: Sequence[View], *, manipulated: bool) -> list[Pixels]:
    return [view.pixels for view in views if view.manipulated == manipulated]


def _batch_of(genuine: Sequence[Pixels], manipulated: Sequence[Pixels]) -> Batch:
    targets = np.repeat(np.array([0.0, 1.0], np.float32), (len(genuine), len(manipulated)))
    return network_input([*genuine, *manipulated]), torch.from_numpy(targets)


def _one_thread(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
