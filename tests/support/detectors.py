"""A detector without a network and cards to order: what tests put where a real detector would be."""

from collections.abc import Callable, Sequence

from contracts.clips import FaceClip
from contracts.demands import CropDemand
from detectors.cards import Cost, DetectorCard, Licences, WeightsFile
from detectors.clip_detector import require_fitting
from detectors.detector import DetectorSpec


def a_spec(
    name: str = "fake", *, clip_length: int = 1, shortest_clip: int | None = None, fusion_weight: float = 1.0
) -> DetectorSpec:
    return DetectorSpec(
        name=name,
        version="1.0.0",
        title=name.title(),
        looks_for=("face_swap",),
        demand=CropDemand(
            detector=name, clip_length=clip_length, shortest_clip=shortest_clip, margin=0.2, min_face_px=32
        ),
        input_px=64,
        origin="made for tests",
        licence="Apache-2.0",
        fusion_weight=fusion_weight,
    )


def a_card(name: str = "fake", *, weights: tuple[WeightsFile, ...] = (), shipped: bool = False) -> DetectorCard:
    return DetectorCard(
        spec=a_spec(name),
        lifecycle="experimental",
        lifecycle_reason="it exists for tests",
        summary="Looks at brightness.",
        training_data=(),
        blind_spots=("everything",),
        not_for=("use",),
        weights=weights,
        shipped=shipped,
        cost=Cost(parameters=1),
        licences=Licences(code="Apache-2.0", weights="Apache-2.0"),
    )


def brightness(clip: FaceClip) -> float:
    """The mean of all pixels of a clip between 0 and 1: a score that a test can work out by hand."""
    return float(sum(crop.pixels.mean() for crop in clip.crops) / len(clip.crops) / 255.0)


class FakeDetector:
    """Scores every clip by ``rule`` (its brightness, unless told otherwise) and remembers how many it was given."""

    def __init__(
        self,
        name: str = "fake",
        *,
        rule: Callable[[FaceClip], float] = brightness,
        untrained: bool = False,
        clip_length: int = 1,
        shortest_clip: int | None = None,
    ) -> None:
        self.spec = a_spec(name, clip_length=clip_length, shortest_clip=shortest_clip)
        self.version = self.spec.version
        self.weights_sha256 = None if untrained else "0" * 64
        self.untrained = untrained
        self.device = "cpu"
        self.passes: list[int] = []
        self._rule = rule

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        for clip in clips:
            require_fitting(self.spec, clip)
        self.passes.append(len(clips))
        return [self._rule(clip) for clip in clips]


def constant(name: str = "fake", *, raw_score: float = 0.5) -> FakeDetector:
    """A detector that says the same of every clip; the probe refuses it."""
    return FakeDetector(name, rule=lambda clip: raw_score)
