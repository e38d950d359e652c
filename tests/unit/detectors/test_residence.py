"""An idle detector gives its memory back and nobody who asks for scores can tell."""

import gc
import weakref

import pytest

from contracts.errors import DetectorUnavailable
from detectors.residence import WarmDetector
from tests.support.detectors import FakeDetector
from tests.support.faces import clips


class Loads:
    """Counts loads and watches whether anybody still holds what was loaded."""

    def __init__(self) -> None:
        self.count = 0
        self.last: weakref.ref[FakeDetector] | None = None
        self.gone = False

    def __call__(self) -> FakeDetector:
        if self.gone:
            raise DetectorUnavailable("the weights are gone")
        self.count += 1
        detector = FakeDetector()
        detector.version = f"1.0.0+{self.count}"
        self.last = weakref.ref(detector)
        return detector


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def now_s() -> list[float]:
    return [0.0]


@pytest.fixture
def warm(loads: Loads, now_s: list[float]) -> WarmDetector:
    return WarmDetector(loads, idle_s=10.0, clock=lambda: now_s[0])


def test_it_is_loaded_when_it_is_made_and_scores_as_the_detector_does(warm: WarmDetector, loads: Loads):
    some = clips(3)
    assert warm.score(some) == FakeDetector().score(some)
    assert loads.count == 1
    assert (warm.spec.name, warm.untrained, warm.device) == ("fake", False, "cpu")


def test_without_work_the_weights_are_let_go_and_come_back_for_the_next_clip(
    warm: WarmDetector, loads: Loads, now_s: list[float]
):
    now_s[0] = 9.9
    assert not warm.release_if_idle()
    now_s[0] = 10.0
    assert warm.release_if_idle()
    gc.collect()
    assert loads.last is not None and loads.last() is None, "somebody still holds the networks"
    assert not warm.holds_weights
    assert not warm.release_if_idle(), "there is nothing left to release"
    assert warm.version == "1.0.0+1", "it still knows who it was"
    assert len(warm.score(clips(2))) == 2
    assert warm.holds_weights
    assert warm.version == "1.0.0+2"


def test_work_puts_the_release_off(warm: WarmDetector, now_s: list[float]):
    now_s[0] = 9.0
    warm.score(clips(1))
    now_s[0] = 15.0
    assert not warm.release_if_idle()


def test_weights_that_vanished_meanwhile_are_said(warm: WarmDetector, loads: Loads, now_s: list[float]):
    now_s[0] = 20.0
    warm.release_if_idle()
    loads.gone = True
    with pytest.raises(DetectorUnavailable, match="gone"):
        warm.score(clips(1))
