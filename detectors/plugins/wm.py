"""The detector ``wm``: Xception and two WS-DAN look at each upright face, the score is their weighted probability."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from contracts.clips import FaceClip
from detectors.cards import DetectorCard
from detectors.clip_detector import ClipDetector
from detectors.networks.original import loaded
from detectors.runtime import Placed, Runtime
from detectors.systems.wm.alignment import aligned
from detectors.systems.wm.networks import NETWORKS
from detectors.systems.wm.scoring import scores_of


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> "WmDetector":
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = {
        name: runtime.placed(loaded(network, folder and folder / f"{name}.safetensors"))
        for name, network in NETWORKS.items()
    }
    return WmDetector(card, networks, folder=folder, runtime=runtime)


class WmDetector(ClipDetector):
    """The raw score of a clip is the mean score of its faces.

    Faces are turned upright by their landmarks (by their box alone where they have none) within the crop; what lies
    beyond the crop is black, as beyond a frame's border.
    """

    def __init__(
        self, card: DetectorCard, networks: Mapping[str, Placed], *, folder: Path | None, runtime: Runtime
    ) -> None:
        super().__init__(card, folder=folder, runtime=runtime)
        self._networks = networks
        self._pass_pictures = runtime.pictures_per_pass(card.spec.input_px)

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        faces = [aligned(crop.pixels, crop.box) for clip in clips for crop in clip.crops]
        scores = iter(scores_of(faces, self._networks, pass_pictures=self._pass_pictures))
        return [sum(float(next(scores)) for _ in clip.crops) / len(clip.crops) for clip in clips]
