"""The numbers that turn evidence into a word, under one version that every verdict names."""

from dataclasses import dataclass, replace

from contracts.settings import AggregateSettings, DecisionSettings
from contracts.vocabulary import Reason
from detectors.decision import DecisionRule


@dataclass(frozen=True, kw_only=True)
class Policy(DecisionRule):
    """The rule of decision with the limits of one way to judge; ``gates`` are the measured limits that are applied."""

    least_face_frames_image: int = 1
    least_face_frames_video: int = 8
    least_face_frame_share: float = 0.05
    least_track_frames_video: int = 4
    warn_face_height_px: float = 64.0

    least_answered_weight: float = 0.6
    fuse_untrained: bool = False
    gates: frozenset[Reason] = AggregateSettings.model_construct().gate_reasons

    bootstrap_rounds: int = 400
    evidence_per_side: int = 6
    most_tracks: int = 64
    most_segments: int = 500
    most_problems: int = 64
    most_event_bytes: int = 900_000

    @classmethod
    def of(cls, settings: AggregateSettings) -> "Policy":
        """The usual policy with the gates, the prior and the thresholds of a deployment."""
        return replace(cls.deciding_by(settings), gates=settings.gate_reasons)

    @classmethod
    def deciding_by(cls, settings: DecisionSettings) -> "Policy":
        """The usual policy with the prior and the thresholds of a deployment, and the usual gates."""
        return cls.chosen(prior=settings.prior, thresholds=settings.thresholds)


DEFAULT_POLICY = Policy()
