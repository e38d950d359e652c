"""Clips of one crop each in, raw scores out: what all detectors that look at single pictures share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from contracts.clips import FaceClip, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.clip_detector import ClipDetector
from detectors.preprocessing import batch_of
from detectors.runtime import Placed, Runtime


class FrameDetector(ClipDetector):
    """A detector made of networks that each give one logit of *manipulated* per picture.

    ``view`` turns a crop into a square RGB picture of ``spec.input_px``. The raw score of a clip is the sigmoid of the
    mean logit over its crops and over the networks, in double precision, so that extreme scores stay apart.
    """

    def __init__(
        self,
        card: DetectorCard,
        networks: Sequence[Placed],
        *,
        view: Callable[[FaceCrop], Pixels],
        mean: Sequence[float],
        std: Sequence[float],
        folder: Path | None,
        runtime: Runtime,
    ) -> None:
        super().__init__(card, folder=folder, runtime=runtime)
        self._pass_pictures = runtime.pictures_per_pass(card.spec.input_px)
        self._networks = tuple(networks)
        self._view, self._mean, self._std = view, tuple(mean), tuple(std)

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        crops = [crop for clip in clips for crop in clip.crops]
        parts = torch.split(self._logits(crops), [len(clip.crops) for clip in clips])
        return [float(torch.sigmoid(part.mean())) for part in parts]

    def _logits(self, crops: Sequence[FaceCrop]) -> Tensor:
        step = self._pass_pictures
        return torch.cat([self._pass(crops[at : at + step]) for at in range(0, len(crops), step)])

    def _pass(self, crops: Sequence[FaceCrop]) -> Tensor:
        views = [self._view(crop) for crop in crops]
        batch = torch.from_numpy(batch_of(views, mean=self._mean, std=self._std))
        return torch.stack([network(batch) for network in self._networks]).mean(dim=0)
