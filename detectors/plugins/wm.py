"""The detector ``wm``: Xception and two WS-DAN look at each upright face, the score is their weighted probability."""

from collections.abc import Sequence
from pathlib import Path

from contracts.clips import FaceClip
from detectors.cards import DetectorCard
from detectors.runtime import Runtime
from detectors.systems.member_detector import MemberDetector
from detectors.systems.member_networks import placed_members
from detectors.systems.wm.alignment import aligned
from detectors.systems.wm.scoring import scores_of


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> "WmDetector":
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = placed_members(card, folder=folder, runtime=runtime)
    return WmDetector(card, networks, folder=folder, runtime=runtime)


class WmDetector(MemberDetector):
    """The raw score of a clip is the mean score of its faces.

    Faces are turned upright by their landmarks (by their box alone where they have none) within the crop; what lies
    beyond the crop is black, as beyond a frame's border.
    """

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        faces = [aligned(crop.pixels, crop.box) for clip in clips for crop in clip.crops]
        scores = iter(scores_of(faces, self._networks, pass_pictures=self._pass_pictures))
        return [sum(float(next(scores)) for _ in clip.crops) / len(clip.crops) for clip in clips]
