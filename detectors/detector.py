"""What a detector is: the spec that says what it needs, and the protocol of the thing that turns clips into scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from contracts.clips import FaceClip
from contracts.demands import CropDemand

ManipulationKind = Literal["face_swap", "reenactment", "lip_sync", "full_synthesis", "splice"]
ColourOrder = Literal["rgb", "bgr"]
Pooling = Literal["mean_logit", "mean", "confident"]


class UnfitClip(ValueError):
    """What a detector was given is not a clip of the length that its demand allows; the message says what it is."""


class MemberNetwork(BaseModel):
    """One of the networks that a detector is made of.

    ``network`` is the architecture, as ``system/network``, and ``<name>.safetensors`` holds its weights; it sees
    ``frames`` pictures of ``height_px`` x ``width_px`` at a time; ``weight`` is its share within the detector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    network: str
    height_px: PositiveInt
    width_px: PositiveInt
    colour_order: ColourOrder = "rgb"
    frames: PositiveInt = 1
    weight: float = Field(1.0, gt=0.0)


class DetectorSpec(BaseModel):
    """The facts about one detector that others act on; readable without loading its network.

    ``looks_for`` names the kinds of manipulation it was made for; ``input_px`` is the longest side of a picture
    that its networks see, ``members`` are these networks; ``pooling`` makes one raw score of a face track's clip scores
    (:func:`detectors.pooling.pool`); ``origin`` says where it comes from in one phrase; ``fusion_weight`` is its share
    next to other detectors; ``may_call_alone`` allows a ``likely_manipulated`` that rests on this detector only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(min_length=1)
    title: str
    looks_for: tuple[ManipulationKind, ...]
    demand: CropDemand
    input_px: PositiveInt
    colour_order: ColourOrder = "rgb"
    members: tuple[MemberNetwork, ...] = ()
    pooling: Pooling = "mean_logit"
    origin: str
    licence: str
    fusion_weight: float = Field(1.0, gt=0.0)
    may_call_alone: bool = False

    @model_validator(mode="after")
    def _demand_is_its_own(self) -> "DetectorSpec":
        if self.demand.detector != self.name:
            raise ValueError(f"the demand of {self.name!r} is made out to {self.demand.detector!r}")
        return self


class Detector(Protocol):
    """A loaded detector.

    ``weights_sha256`` identifies the weights and is ``None`` exactly when ``untrained``: random weights, for tests and
    benchmarks only. ``device`` is a resolved torch device (``cpu``, ``cuda:0``), never ``auto``.
    """

    @property
    def spec(self) -> DetectorSpec: ...

    @property
    def version(self) -> str: ...

    @property
    def weights_sha256(self) -> str | None: ...

    @property
    def untrained(self) -> bool: ...

    @property
    def device(self) -> str: ...

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        """Raw scores, 0 (genuine) to 1 (manipulated), uncalibrated: one per clip, in the order of the clips.

        Raises:
            UnfitClip: something among ``clips`` is no clip, or has more or fewer crops than the demand allows.
        """
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector finds in one clip: its raw score, and how unlike the faces that it knows the clip is.

    ``unfamiliarity`` is 0 in their middle and 1 at the 99th percentile of their distances; ``None``: it cannot tell.
    """

    raw_score: float
    unfamiliarity: float | None = None


@runtime_checkable
class DomainAware(Protocol):
    """A detector that may know which faces it was not made for."""

    def examine(self, clips: Sequence[FaceClip]) -> list[Finding]:
        """As :meth:`Detector.score`, with how unfamiliar each clip is."""
        ...


def examined(detector: Detector, clips: Sequence[FaceClip]) -> list[Finding]:
    """One finding per clip, of any detector. Raises ``UnfitClip`` as :meth:`Detector.score`."""
    if isinstance(detector, DomainAware):
        return detector.examine(clips)
    return [Finding(score) for score in detector.score(clips)]
