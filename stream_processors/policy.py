"""The numbers that turn evidence into a word, under one version that every verdict names."""

import math
from dataclasses import dataclass

from contracts.settings import AggregateSettings
from contracts.vocabulary import Reason


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Thresholds, prior and gates of one way to judge.

    A change of any number needs a new ``policy_version``. ``prior`` is the share of manipulated items that the reader
    expects; one half states the weight of the evidence alone. Thresholds apply to the probability under that prior and
    give way to those on the card of the weightiest detector in use. ``gates`` are the measured limits that are applied.
    """

    policy_version: str = "evidence-desk.2"
    prior: float = 0.5
    lower_threshold: float = 0.35
    upper_threshold: float = 0.8

    least_face_frames_image: int = 1
    least_face_frames_video: int = 8
    least_face_frame_share: float = 0.05
    least_track_frames_video: int = 4
    warn_face_height_px: float = 64.0

    least_effective_members: float = 1.5
    least_answered_weight: float = 0.6
    least_minority_weight: float = 0.25
    fuse_untrained: bool = False
    gates: frozenset[Reason] = AggregateSettings.model_construct().gate_reasons

    bootstrap_rounds: int = 400
    evidence_per_side: int = 6
    most_tracks: int = 64
    most_segments: int = 500
    most_problems: int = 64
    most_event_bytes: int = 900_000

    def __post_init__(self) -> None:
        if not 0.0 < self.prior < 1.0:
            raise ValueError(f"a prior lies between 0 and 1, got {self.prior}")
        if not 0.0 <= self.lower_threshold <= self.upper_threshold <= 1.0:
            raise ValueError(f"thresholds out of order: {self.lower_threshold}, {self.upper_threshold}")

    @classmethod
    def of(cls, settings: AggregateSettings) -> "Policy":
        """The usual policy with the gates of a deployment."""
        return cls(gates=settings.gate_reasons)

    @property
    def prior_logit(self) -> float:
        return math.log(self.prior / (1.0 - self.prior))


DEFAULT_POLICY = Policy()
