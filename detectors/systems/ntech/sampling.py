"""The frame rate of a video and the length of a face track in, the frames and samples that are looked at out."""

import math
from dataclasses import dataclass
from typing import Literal

from detectors.systems.footage import Compat

SEQUENCE_FRAMES = 7
SEQUENCE_PERIOD = 14
FACE_PERIOD = 2
DETECTION_PERIOD = 3
_RATE_HZ = 15

FrameMember = Literal["frame_wide", "frame_close"]
_TURNS: tuple[FrameMember, ...] = ("frame_wide", "frame_wide", "frame_close", "frame_close")


@dataclass(frozen=True, slots=True)
class SequenceSample:
    """Seven frames of a track from ``first`` on; all are cut out by the box of the one at ``boxed``."""

    first: int
    mirrored: bool

    @property
    def boxed(self) -> int:
        return self.first + SEQUENCE_FRAMES // 2


@dataclass(frozen=True, slots=True)
class FaceSample:
    """One frame of a track for one of the two frame networks."""

    position: int
    mirrored: bool
    member: FrameMember


def step_of(frames_per_second: float, *, compat: Compat = "corrected") -> int:
    """Every how manieth frame is kept, for about 15 a second; halves are rounded to the even number.

    The published pipeline (``original``) cuts the decimals of the rate off first, and keeps nothing (step 0) of a video
    of less than 8 frames a second.
    """
    if compat == "original":
        return round(int(frames_per_second) / _RATE_HZ)
    return max(1, round(frames_per_second / _RATE_HZ)) if math.isfinite(frames_per_second) else 1


def sequence_samples(track_length: int) -> list[SequenceSample]:
    """A sequence of seven frames every 14 frames, as far as they fit; the first, third, ... are mirrored."""
    starts = range(0, track_length - SEQUENCE_FRAMES + 1, SEQUENCE_PERIOD)
    return [SequenceSample(first, mirrored=number % 2 == 0) for number, first in enumerate(starts)]


def face_samples(track_length: int) -> list[FaceSample]:
    """Every second frame, every other one mirrored; two go to the one network, the next two to the other."""
    return [
        FaceSample(position, mirrored=number % 2 == 0, member=_TURNS[number % len(_TURNS)])
        for number, position in enumerate(range(0, track_length, FACE_PERIOD))
    ]
