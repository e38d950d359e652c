"""Clips that a detector has scored in, their scores after mild re-encoding out, where these could change a word."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import detectors
from contracts.clips import FaceClip
from detectors.calibration import logit
from detectors.detector import Detector
from stream_processors.gates import thresholds_of
from stream_processors.members import Member, members_of
from stream_processors.policy import DEFAULT_POLICY, Policy
from stream_processors.reencoding import CHANGES
from stream_processors.reencoding_shift import reencoding_shift

Again = dict[int, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Recheck:
    """Which clips of a detector of single pictures are scored again: at most ``most_clips`` per face and batch.

    A face is left alone that lies farther below the lower threshold than mild re-encoding moves 95 % of clips, so that
    most genuine media cost nothing.
    """

    member: Member
    most_clips: int
    policy: Policy = DEFAULT_POLICY

    def scores(
        self, detector: Detector, clips: Sequence[FaceClip], raw: Sequence[float]
    ) -> dict[int, tuple[float, ...]]:
        """Per position among ``clips`` of one item its scores after each change; raw scores are those of ``clips``."""
        tracks: dict[int, list[int]] = defaultdict(list)
        for position, clip in enumerate(clips):
            tracks[clip.track_id].append(position)
        found: Again = {}
        for positions in tracks.values():
            if self._is_worth_it([raw[position] for position in positions]):
                spread = np.linspace(0, len(positions) - 1, min(self.most_clips, len(positions))).round().astype(int)
                found |= self._again(detector, clips, [positions[i] for i in dict.fromkeys(spread.tolist())])
        return found

    def _is_worth_it(self, raw: Sequence[float]) -> bool:
        lower, _ = thresholds_of([self.member], self.policy)
        ratio = self.member.log_likelihood_ratio(self.member.pooled_logit(raw))
        return ratio + self.policy.prior_logit >= logit(lower) - reencoding_shift().p95

    def _again(self, detector: Detector, clips: Sequence[FaceClip], positions: Sequence[int]) -> Again:
        crops = [clips[position].crops[0] for position in positions]
        changed = [change.apply(crops) for change in CHANGES]
        again = [
            replace(clips[position], crops=(crop,))
            for some in changed
            for position, crop in zip(positions, some, strict=True)
        ]
        scores = np.array(detector.score(again)).reshape(len(CHANGES), len(positions))
        return {position: tuple(scores[:, place].tolist()) for place, position in enumerate(positions)}


def recheck_of(
    name: str, most_clips: int, weights: Path | None = None, policy: Policy = DEFAULT_POLICY
) -> Recheck | None:
    """What to score again of a registered detector; nothing where it is uncalibrated or looks at sequences.

    ``weights``: folder of fetched weights, as for ``members_of``.
    """
    if not most_clips or name not in detectors.names():
        return None
    (member,) = members_of([name], weights)
    if member.calibration is None or detectors.spec(name).demand.clip_length > 1:
        return None
    return Recheck(member=member, most_clips=most_clips, policy=policy)
