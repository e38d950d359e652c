"""Clips of single faces in, raw scores out, by several networks that all see the same view of a face."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from contracts.clips import FaceClip, FaceCrop
from detectors.cards import DetectorCard
from detectors.clip_detector import ClipDetector
from detectors.preprocessing import Floats
from detectors.runtime import Placed, Runtime


class FrameEnsemble(ClipDetector):
    """The raw score of a clip is the mean probability of *manipulated* over its crops and over the networks.

    ``batch`` makes the networks' input of n crops; ``probability`` makes n probabilities of a network's output.
    """

    def __init__(
        self,
        card: DetectorCard,
        networks: Sequence[Placed],
        *,
        batch: Callable[[Sequence[FaceCrop]], Floats],
        probability: Callable[[Tensor], Tensor],
        folder: Path | None,
        runtime: Runtime,
    ) -> None:
        super().__init__(card, folder=folder, runtime=runtime)
        self._pass_pictures = runtime.pictures_per_pass(card.spec.input_px)
        self._networks = tuple(networks)
        self._batch, self._probability = batch, probability

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        crops = [crop for clip in clips for crop in clip.crops]
        step = self._pass_pictures
        every = torch.cat([self._pass(crops[at : at + step]) for at in range(0, len(crops), step)])
        return [float(part.mean()) for part in torch.split(every, [len(clip.crops) for clip in clips])]

    def _pass(self, crops: Sequence[FaceCrop]) -> Tensor:
        batch = torch.from_numpy(self._batch(crops))
        return torch.stack([self._probability(network(batch)) for network in self._networks]).mean(dim=0)
