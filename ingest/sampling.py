"""Rates that detectors ask for in, the choice of frames on the media's own clock out; pure arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Rate:
    """One wish: so many frames per second of media, and at least so many frames of a whole video."""

    frames_per_second: float
    min_frames: int

    def period_s(self, duration_s: float | None) -> float:
        """Seconds between two samples; a short video is sampled more densely until ``min_frames`` are reached."""
        usual_s = 1.0 / self.frames_per_second
        if duration_s is None or duration_s <= 0:
            return usual_s
        return min(usual_s, duration_s / self.min_frames)


@dataclass
class Sampling:
    """Chooses frames for several rates at once: the union of one grid per rate, each starting with the first frame.

    On each grid the first frame at or after a due time is taken, so the choice depends on nothing but the frames'
    times; a video that has fewer frames than a rate asks for gives all of them.
    """

    rates: Sequence[Rate]
    duration_s: float | None
    _due_s: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._due_s = [0.0] * len(self.rates)

    @property
    def next_due_s(self) -> float:
        """No frame before this time will be taken."""
        return min(self._due_s, default=math.inf)

    def wanted_by(self, elapsed_s: float) -> tuple[int, ...]:
        """The rates (by position) that take the frame ``elapsed_s`` seconds after the first; in order of time."""
        taken = tuple(i for i, due_s in enumerate(self._due_s) if elapsed_s >= due_s - TOLERANCE_S)
        for i in taken:
            period_s = self.rates[i].period_s(self.duration_s)
            self._due_s[i] = (math.floor((elapsed_s + TOLERANCE_S) / period_s) + 1) * period_s
        return taken
