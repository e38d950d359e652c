"""The detector ``medics``: seven networks watch a clip of a face, an eighth looks at its pictures, all count alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contracts.clips import FaceClip, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.preprocessing import cut
from detectors.runtime import Runtime
from detectors.systems.medics.scoring import MOST_PICTURES, SeenFace, member_scores
from detectors.systems.medics.tracking import square_side
from detectors.systems.medics.views import clip_pixels
from detectors.systems.member_detector import MemberDetector
from detectors.systems.member_networks import placed_members


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> "MedicsDetector":
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = placed_members(card, folder=folder, runtime=runtime)
    return MedicsDetector(card, networks, folder=folder, runtime=runtime)


class MedicsDetector(MemberDetector):
    """The raw score of a clip is the plain mean of the eight scores; ``networks`` by the names of the members.

    Clip after clip and network after network, so that the activations of one clip in one network are all that is in
    memory. The published score of a video ends at 0.001 and 0.999; those of clips do not, so that very sure ones stay
    apart.
    """

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        return [self._score(clip) for clip in clips]

    def _score(self, clip: FaceClip) -> float:
        scores = member_scores(seen_of(clip), self._networks, pass_pictures=self._pass_pictures)
        return float(np.mean(scores))


def seen_of(clip: FaceClip) -> SeenFace:
    """What the networks see of a clip: one region that holds the face at all times, and a square per picture.

    The region is the union of all face boxes in the frame, as in the published system. Where it leaves a crop, because
    the face has moved by more than the margin around it, the outermost pixels of that crop repeat.
    """
    boxes = np.array([_box_in_frame(crop) for crop in clip.crops])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    regions = (_region(crop, range(top, bottom + 1), range(left, right + 1)) for crop in clip.crops)
    side = max(1, square_side(boxes) // 2 * 2)
    return SeenFace(clip_pixels(regions), [_square(crop, side) for crop in clip.crops[:MOST_PICTURES]])


def _box_in_frame(crop: FaceCrop) -> tuple[int, int, int, int]:
    (x, y), box = crop.origin, crop.box
    return int(x + box.left), int(y + box.top), int(x + box.right), int(y + box.bottom)


def _region(crop: FaceCrop, rows: range, columns: range) -> Pixels:
    x, y = crop.origin
    height, width = crop.pixels.shape[:2]
    inside_rows = np.clip(np.arange(rows.start, rows.stop) - y, 0, height - 1)
    inside_columns = np.clip(np.arange(columns.start, columns.stop) - x, 0, width - 1)
    return crop.pixels[inside_rows[:, None], inside_columns[None, :]]


def _square(crop: FaceCrop, side: int) -> Pixels:
    """The square around the face box, moved back into the crop where it leaves it; too small a crop is extended."""
    height, width = crop.pixels.shape[:2]
    left = int((crop.box.left + crop.box.right) / 2) - side // 2
    top = int((crop.box.top + crop.box.bottom) / 2) - side // 2
    return cut(crop.pixels, max(0, min(left, width - side)), max(0, min(top, height - side)), side)
