"""Sampling plans that detectors ask for in, the choice of frames on the media's own clock out; pure arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

TOLERANCE_S = 1e-6
_LATE_S = 1.0  # a video's last frames may come so much later than its duration says


@dataclass(frozen=True)
class SamplingPlan:
    """One wish: so many frames per second of media, and at least so many frames of a whole video.

    With ``burst_every_s`` sampling comes in bursts of ``burst_frames`` frames at that rate, and ``min_frames`` may
    bring the bursts closer together.
    """

    frames_per_second: float
    min_frames: int
    burst_frames: int = 0
    burst_every_s: float | None = None

    def ends_burst(self, number: int) -> bool:
        """Whether the sample with this number is the last one of its burst."""
        return self.burst_every_s is not None and number % (self.burst_frames + 1) == self.burst_frames - 1

    def run(self, duration_s: float | None) -> "Sampler":
        """The plan at work on one media item; ``duration_s`` where the item says one."""
        period_s = 1.0 / self.frames_per_second
        known_s = duration_s if duration_s is not None and duration_s > 0 else math.inf
        if self.burst_every_s is None:
            return _Steady(min(period_s, known_s / self.min_frames), period_s, known_s)
        at_most_s = known_s * self.burst_frames / self.min_frames
        return _Bursts(period_s, self.burst_frames, min(self.burst_every_s, at_most_s), self.burst_every_s, known_s)


@dataclass
class Sampler:
    """Takes the first frame at or after each due time, so that the choice depends on the frames' times only.

    ``due_s``: no frame before this time will be taken.
    """

    due_s: float = field(default=0.0, init=False)

    def number_of(self, elapsed_s: float) -> int | None:
        """The sample's number where this frame is one. Two samples that follow each other differ by one, a burst skips
        one number, so that only neighbours look like neighbours.
        """
        return self._take(elapsed_s) if elapsed_s >= self.due_s - TOLERANCE_S else None

    def _take(self, elapsed_s: float) -> int:
        raise NotImplementedError


def _next_on_grid(elapsed_s: float, period_s: float) -> float:
    return (math.floor((elapsed_s + TOLERANCE_S) / period_s) + 1) * period_s


def _is_over(elapsed_s: float, known_s: float) -> bool:
    return elapsed_s > known_s + _LATE_S


@dataclass
class _Steady(Sampler):
    """Every ``grid_s``; a video that goes on beyond what it says of its duration gets no more than the plan's rate."""

    grid_s: float
    period_s: float
    known_s: float
    _taken: int = field(default=0, init=False)

    def _take(self, elapsed_s: float) -> int:
        self.due_s = _next_on_grid(elapsed_s, self.period_s if _is_over(elapsed_s, self.known_s) else self.grid_s)
        self._taken += 1
        return self._taken - 1


@dataclass
class _Bursts(Sampler):
    """Bursts begin on a grid of their own; one that lasts longer than that is followed at once by the next."""

    grid_s: float
    frames: int
    every_s: float
    usual_every_s: float
    known_s: float
    _burst: int = field(default=0, init=False)
    _place: int = field(default=0, init=False)
    _begun_s: float = field(default=0.0, init=False)

    def _take(self, elapsed_s: float) -> int:
        number = self._burst * (self.frames + 1) + self._place
        if self._place == 0:
            self._begun_s = self._begin_of(elapsed_s)
        self._place += 1
        self.due_s = self._begun_s + _next_on_grid(elapsed_s - self._begun_s, self.grid_s)
        if self._place == self.frames:
            self._burst, self._place = self._burst + 1, 0
            every_s = self.usual_every_s if _is_over(elapsed_s, self.known_s) else self.every_s
            self.due_s = max(self.due_s, _next_on_grid(self._begun_s, every_s))
        return number

    def _begin_of(self, elapsed_s: float) -> float:
        """A frame that comes much later than it was due begins the burst where it is."""
        return self.due_s if elapsed_s - self.due_s < self.grid_s else elapsed_s


@dataclass
class Sampling:
    """Chooses frames for several plans at once: the union of their samples, each plan starting with the first frame.

    A video that has fewer frames than a plan asks for gives all of them.
    """

    plans: Sequence[SamplingPlan]
    duration_s: float | None
    _samplers: tuple[Sampler, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._samplers = tuple(plan.run(self.duration_s) for plan in self.plans)

    @property
    def next_due_s(self) -> float:
        """No frame before this time will be taken."""
        return min((sampler.due_s for sampler in self._samplers), default=math.inf)

    def samples(self, elapsed_s: float) -> dict[int, int]:
        """Per plan (by position) that takes the frame ``elapsed_s`` seconds after the first, the sample's number.

        Frames come in the order of time.
        """
        numbers = {at: sampler.number_of(elapsed_s) for at, sampler in enumerate(self._samplers)}
        return {at: number for at, number in numbers.items() if number is not None}
