"""The detector ``eighteen``: of eleven networks four watch the tube of one face, and seven look at its pictures."""

from collections.abc import Sequence
from pathlib import Path

from contracts.clips import FaceClip, FaceCrop
from detectors.cards import DetectorCard
from detectors.preprocessing import cut
from detectors.runtime import Runtime
from detectors.systems.eighteen.aggregation import final_score
from detectors.systems.eighteen.crops import Views, squares_around, views_of
from detectors.systems.eighteen.scoring import member_scores
from detectors.systems.eighteen.tracking import Box
from detectors.systems.member_detector import MemberDetector
from detectors.systems.member_networks import placed_members


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> "EighteenDetector":
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = placed_members(card, folder=folder, runtime=runtime)
    return EighteenDetector(card, networks, folder=folder, runtime=runtime)


class EighteenDetector(MemberDetector):
    """The rules of the system applied to each clip as if it were a video of one face; ``networks`` by member name."""

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        return [self._score(clip) for clip in clips]

    def _score(self, clip: FaceClip) -> float:
        scores = member_scores([tube_of(clip)], self._networks, pass_pictures=self._pass_pictures)
        return final_score(scores)


def tube_of(clip: FaceClip) -> list[Views]:
    """What the networks see of a clip: for each crop the square around its face, all squares of one size.

    The size is that of the largest face box in the clip, times 1.3. A square is moved back into its crop where it
    leaves it; where the crop is too small for it, the outermost pixels repeat.
    """
    squares = squares_around(
        [_box_in_frame(crop) for crop in clip.crops], [_area_in_frame(crop) for crop in clip.crops]
    )
    return [
        views_of(cut(crop.pixels, square.left - crop.origin[0], square.top - crop.origin[1], square.side))
        for crop, square in zip(clip.crops, squares, strict=True)
    ]


def _box_in_frame(crop: FaceCrop) -> Box:
    x, y = crop.origin
    box = crop.box
    return Box(int(x + box.left), int(y + box.top), int(x + box.right), int(y + box.bottom))


def _area_in_frame(crop: FaceCrop) -> Box:
    x, y = crop.origin
    height_px, width_px = crop.pixels.shape[:2]
    return Box(x, y, x + width_px, y + height_px)
