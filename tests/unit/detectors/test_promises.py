"""A detector that breaks a promise is told apart from one that keeps it, promise by promise."""

from collections.abc import Callable, Sequence

import pytest

from contracts.clips import FaceClip
from contracts.errors import BrokenDetector
from detectors import promises
from detectors.detector import UnfitClip
from detectors.promises import PROMISES
from tests.support.detectors import FakeDetector, brightness


class Sequences(FakeDetector):
    """A sound detector of clips of 3 to 6 crops."""

    def __init__(self) -> None:
        super().__init__(clip_length=6, shortest_clip=3)


class TooMany(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return [*super().score(clips), 0.5]


class Monotonous(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return [0.5 for _ in super().score(clips)]


class Sociable(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        scores = super().score(clips)
        return [(score + max(scores)) / 2.0 for score in scores]


class Forgetful(FakeDetector):
    calls = 0

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        self.calls += 1
        return [score * (1.0 - 1e-7 * self.calls) for score in super().score(clips)]


class Scribbler(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        for clip in clips:
            clip.crops[0].pixels[0, 0] ^= 1
        return super().score(clips)


class AfraidOfDwarfs(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        small = [clip for clip in clips if min(clip.crops[0].pixels.shape[:2]) < 2]
        return [2.0] * len(small) + super().score([clip for clip in clips if clip not in small])


class OfOneLength(Sequences):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return [brightness(clip) for clip in clips if len(clip.crops) == 6]


class Undemanding(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return [brightness(clip) if isinstance(clip, FaceClip) else 0.5 for clip in clips]


class Nameless(FakeDetector):
    def __init__(self) -> None:
        super().__init__()
        self.untrained = True


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("sound", [FakeDetector, Sequences])
def test_a_sound_detector_keeps_it(sound: type[FakeDetector], promise: Callable[[FakeDetector], None]):
    promise(sound())


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (TooMany, promises.one_score_per_clip),
        (Monotonous, promises.unlike_clips_get_unlike_scores),
        (Sociable, promises.order_and_neighbours_do_not_matter),
        (Forgetful, promises.the_same_clip_gets_the_same_score),
        (Scribbler, promises.pixels_stay_as_they_were),
        (AfraidOfDwarfs, promises.crops_of_any_size_are_scored),
        (OfOneLength, promises.clips_of_every_length_are_scored),
        (Undemanding, promises.unfit_clips_are_refused),
        (Nameless, promises.it_says_who_it_is),
    ],
)
def test_a_broken_one_is_told(broken: type[FakeDetector], promise: Callable[[FakeDetector], None]):
    with pytest.raises(BrokenDetector, match="'fake' breaks a promise"):
        promise(broken())


def test_the_fake_refuses_what_a_real_one_refuses():
    with pytest.raises(UnfitClip, match="1 to 1 crops, not of 2"):
        FakeDetector().score([promises.a_clip(0, 2)])
