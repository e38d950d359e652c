"""Clips of one crop each in, raw scores out: what all detectors that look at single pictures share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from contracts.clips import FaceClip, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.detector import DetectorSpec
from detectors.preprocessing import batch_of
from detectors.weights import identity_of, load_strictly

# On a processor few pictures at a time stay in its caches; a GPU wants many.
_PASS_PICTURES = 8
_PASS_PICTURES_ON_GPU = 64
_SEED = 7


class FrameDetector:
    """A detector made of networks that each give one logit of *manipulated* per picture.

    ``view`` turns a crop into a square RGB picture of ``spec.input_px``. The raw score of a clip is the sigmoid of the
    mean logit over its crops and over the networks, in double precision, so that extreme scores stay apart.
    """

    def __init__(
        self,
        card: DetectorCard,
        networks: Sequence[Callable[[Tensor], Tensor]],
        *,
        view: Callable[[FaceCrop], Pixels],
        mean: Sequence[float],
        std: Sequence[float],
        untrained: bool,
        device: str,
    ) -> None:
        self.spec: DetectorSpec = card.spec
        self.version = card.spec.version
        self.weights_sha256 = None if untrained else identity_of(card)
        self.untrained = untrained
        self.device = device
        self._pass_pictures = _PASS_PICTURES if device == "cpu" else _PASS_PICTURES_ON_GPU
        self._networks = tuple(networks)
        self._view, self._mean, self._std = view, tuple(mean), tuple(std)

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        """Raw scores, 0 (genuine) to 1 (manipulated): one per clip, in the order of the clips; none for none."""
        crops = [crop for clip in clips for crop in clip.crops]
        if not crops:
            return []
        parts = torch.split(self._logits(crops), [len(clip.crops) for clip in clips])
        return [float(torch.sigmoid(part.mean())) for part in parts]

    @torch.inference_mode()
    def _logits(self, crops: Sequence[FaceCrop]) -> Tensor:
        step = self._pass_pictures
        return torch.cat([self._pass(crops[at : at + step]) for at in range(0, len(crops), step)])

    def _pass(self, crops: Sequence[FaceCrop]) -> Tensor:
        views = [self._view(crop) for crop in crops]
        batch = torch.from_numpy(batch_of(views, mean=self._mean, std=self._std)).to(self.device)
        logits = [network(batch).double().cpu() for network in self._networks]
        return torch.stack(logits).mean(dim=0)


def loaded(make: Callable[[], nn.Module], path: Path | None, *, device: str) -> nn.Module:
    """A network ready to score: with the tensors of the safetensors file ``path``, or seeded random ones for ``None``.

    Raises:
        WrongWeights: the tensors of the file do not fit the network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        network = make()
        if path is None:
            _randomise(network)
    if path is not None:
        load_strictly(network, path)
    return network.eval().requires_grad_(requires_grad=False).to(device).to(memory_format=torch.channels_last)


def _randomise(network: nn.Module) -> None:
    """Random weights that keep a signal's size from layer to layer, so that pictures still get unlike scores.

    Source: He et al. 2015, "Delving deep into rectifiers", for weights; the usual beginnings of torch let the signal
    die away in networks whose batch norms have seen nothing yet.
    """
    for tensor in network.parameters():
        if tensor.dim() > 1:
            nn.init.kaiming_normal_(tensor, nonlinearity="relu")
