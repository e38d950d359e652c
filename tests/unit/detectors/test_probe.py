"""The probe lets sound detectors pass and names what is wrong with the others."""

import itertools
from collections.abc import Sequence

import pytest

from contracts.clips import FaceClip
from contracts.errors import BrokenDetector
from detectors.probe import probe_clips, prove
from tests.support.detectors import FakeDetector, a_spec, brightness, constant


class Dropping(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return super().score(clips)[:-1] if len(clips) > 1 else super().score(clips)


class Sorting(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return sorted(super().score(clips))


class Averaging(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        alone = super().score(clips)
        return [0.9 * score + 0.1 * sum(alone) / len(alone) for score in alone]


class Inventing(FakeDetector):
    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        return super().score(clips) or [0.5]


def test_a_sound_detector_passes():
    prove(FakeDetector())


def test_a_detector_of_clips_gets_clips_of_its_length():
    prove(FakeDetector(clip_length=5))
    assert {len(clip.crops) for clip in probe_clips(a_spec(clip_length=5))} == {5}


@pytest.mark.parametrize(
    ("detector", "flaw"),
    [
        (constant(raw_score=0.5), "the same score"),
        (Dropping(), "2 scores for 3 clips"),
        (Inventing(), "1 scores for 0 clips"),
        (Sorting(), "place or neighbours"),
        (Averaging(), "place or neighbours"),
        (FakeDetector(rule=lambda clip: float("nan")), "a score of nan"),
        (FakeDetector(rule=lambda clip: 1.5), "a score of 1.5"),
        (FakeDetector(rule=lambda clip: -0.1), "a score of -0.1"),
    ],
)
def test_a_broken_detector_is_named_with_its_flaw(detector: FakeDetector, flaw: str):
    with pytest.raises(BrokenDetector, match=f"'fake' failed its probe.*{flaw}"):
        prove(detector)


def test_a_detector_whose_score_drifts_from_call_to_call_is_broken():
    calls = itertools.count()
    with pytest.raises(BrokenDetector):
        prove(FakeDetector(rule=lambda clip: min(1.0, brightness(clip) + 0.001 * next(calls))))


def test_random_weights_may_be_less_certain_but_must_look():
    prove(FakeDetector(untrained=True, rule=lambda clip: 0.5 + brightness(clip) * 1e-4))
    with pytest.raises(BrokenDetector):
        prove(FakeDetector(untrained=True, rule=lambda clip: 0.5))
