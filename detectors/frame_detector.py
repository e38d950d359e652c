"""Clips of one crop each in, raw scores out: what all detectors that look at single pictures share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from contracts.clips import FaceClip, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.clip_detector import ClipDetector, require_fitting
from detectors.detector import Finding
from detectors.domain import DomainReference
from detectors.preprocessing import batch_of
from detectors.runtime import Placed, Runtime


class FrameDetector(ClipDetector):
    """A detector made of networks that each give one logit of *manipulated* per picture.

    ``view`` turns a crop into a square RGB picture of ``spec.input_px``. The raw score of a clip is the sigmoid of the
    mean logit over its crops and over the networks, in double precision, so that extreme scores stay apart.

    ``domain`` is where the features of known faces lie, and ``features`` the one network as
    :class:`detectors.domain_features.LogitAndFeatures`; without them it cannot tell which faces it does not know.
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
        domain: DomainReference | None = None,
        features: Placed | None = None,
    ) -> None:
        super().__init__(card, folder=folder, runtime=runtime)
        self._pass_pictures = runtime.pictures_per_pass(card.spec.input_px)
        self._networks = tuple(networks)
        self._view, self._mean, self._std = view, tuple(mean), tuple(std)
        self._domain, self._features = domain, features

    def examine(self, clips: Sequence[FaceClip]) -> list[Finding]:
        """As :meth:`score`, with the mean unfamiliarity of each clip's crops where a reference fits the weights."""
        if self._domain is None or self._features is None or not clips:
            return [Finding(score) for score in self.score(clips)]
        for clip in clips:
            require_fitting(self.spec, clip)
        crops = [crop for clip in clips for crop in clip.crops]
        lengths = [len(clip.crops) for clip in clips]
        outputs = self._in_passes(crops, self._features)
        unfamiliar = torch.from_numpy(self._domain.unfamiliarity(outputs[:, 1:].numpy()))
        parts = zip(torch.split(outputs[:, 0], lengths), torch.split(unfamiliar, lengths), strict=True)
        return [Finding(float(torch.sigmoid(logits.mean())), float(far.mean())) for logits, far in parts]

    def features(self, crops: Sequence[FaceCrop]) -> Tensor:
        """What the network makes of each crop before its last layer: n x F float64. Raises ``ValueError`` without."""
        if self._features is None:
            raise ValueError(f"detector {self.spec.name!r} does not give its features")
        return self._in_passes(crops, self._features)[:, 1:]

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        crops = [crop for clip in clips for crop in clip.crops]
        parts = torch.split(self._logits(crops), [len(clip.crops) for clip in clips])
        return [float(torch.sigmoid(part.mean())) for part in parts]

    def _logits(self, crops: Sequence[FaceCrop]) -> Tensor:
        return self._in_passes(crops, lambda batch: torch.stack([run(batch) for run in self._networks]).mean(dim=0))

    def _in_passes(self, crops: Sequence[FaceCrop], run: Placed) -> Tensor:
        step = self._pass_pictures
        return torch.cat([run(self._batch(crops[at : at + step])) for at in range(0, len(crops), step)])

    def _batch(self, crops: Sequence[FaceCrop]) -> Tensor:
        views = [self._view(crop) for crop in crops]
        return torch.from_numpy(batch_of(views, mean=self._mean, std=self._std))
