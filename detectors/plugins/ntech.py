"""The detector ``ntech``: one EfficientNet-B7 watches seven frames of a face at a time, two look at single ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.clips import FaceClip, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.runtime import Runtime
from detectors.systems.member_detector import MemberDetector
from detectors.systems.member_networks import placed_members
from detectors.systems.ntech.aggregation import score_of
from detectors.systems.ntech.crops import Area, area_around, cut_repeating, moved, shape_of
from detectors.systems.ntech.scoring import Cut, Sample, probabilities_of, samples_of


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> "NtechDetector":
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = placed_members(card, folder=folder, runtime=runtime)
    return NtechDetector(card, networks, folder=folder, runtime=runtime)


class NtechDetector(MemberDetector):
    """The rules of the system applied to each clip as if it were the only track of a video; ``networks`` by member."""

    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        found = probabilities_of(_samples(clips), self._networks, owners=len(clips), pass_pictures=self._pass_pictures)
        return [score_of(probabilities) for probabilities in found]


def _samples(clips: Sequence[FaceClip]) -> Iterator[Sample]:
    for owner, clip in enumerate(clips):
        yield from samples_of(len(clip.crops), cut_from(clip), owner=owner)


def cut_from(clip: FaceClip) -> Cut:
    """How faces are cut out of a clip: the box and half as much again, as far as the crop of that box reaches.

    The frames of a sequence are cut at one place of the picture. Where the crop of one of them does not reach that far,
    its outermost pixels repeat.
    """

    def cut(position: int, boxed: int) -> Pixels:
        own, crop = clip.crops[boxed], clip.crops[position]
        x, y = own.origin[0] - crop.origin[0], own.origin[1] - crop.origin[1]
        return cut_repeating(crop.pixels, moved(area_of(own), (x, y)))

    return cut


def area_of(crop: FaceCrop) -> Area:
    """The area around the face of a crop, within the crop; its middle pixel where nothing else is left of it."""
    height, width = crop.pixels.shape[:2]
    box = crop.box
    area = area_around((box.left, box.top, box.right, box.bottom), height, width)
    return (width // 2, height // 2, width // 2 + 1, height // 2 + 1) if 0 in shape_of(area) else area
