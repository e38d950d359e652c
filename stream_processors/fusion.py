"""Raw clip scores in, one probability with its interval out: clip to track, track across detectors, tracks to item.

All sums run on log likelihood ratios (calibrated logits without the calibration's prior), so that detectors that were
calibrated on different shares of manipulated items can meet, and the reader's prior is added once, at the end.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts.messages import ClipScore, Probability
from detectors.calibration import logit, sigmoid
from detectors.decision import effective_number as effective_number_of_weights
from detectors.pooling import pool
from stream_processors.members import Member
from stream_processors.policy import Policy

METHOD = "weighted_mean_logit"
METHOD_OF_TRACKS = "weighted_mean_logit, mean_likelihood_ratio of tracks"

Floats = NDArray[np.float64]
_TWO_SIDED_95 = 1.959964


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A log likelihood ratio and its 95 % limits."""

    value: float
    low: float
    high: float

    def probability(self, policy: Policy, *, calibration_id: str | None) -> Probability:
        """The estimate under the policy's prior: posterior logit = log likelihood ratio + prior logit."""
        value, low, high = (sigmoid(ratio + policy.prior_logit) for ratio in (self.value, self.low, self.high))
        return Probability(value=value, low=low, high=high, prior=policy.prior, calibration_id=calibration_id)


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackScores:
    """The raw clip scores of one face track, per detector in the order of time, and the frames behind them."""

    track_id: int
    raw: Mapping[str, Sequence[float]]
    frames: Mapping[str, int] = field(default_factory=dict)


def by_track(scored: Mapping[str, Iterable[ClipScore]]) -> dict[int, TrackScores]:
    """Sort the clips of each detector into face tracks, in the order of time."""
    tracks: dict[int, dict[str, list[ClipScore]]] = defaultdict(lambda: defaultdict(list))
    for name, clips in scored.items():
        for clip in clips:
            tracks[clip.track_id][name].append(clip)
    return {
        track: TrackScores(track_id=track, raw=_in_time(named), frames=_frames(named))
        for track, named in sorted(tracks.items())
    }


def _in_time(named: Mapping[str, list[ClipScore]]) -> dict[str, tuple[float, ...]]:
    def order(clip: ClipScore) -> tuple[float, int]:
        return clip.start_s, clip.clip_index

    return {name: tuple(clip.raw_score for clip in sorted(clips, key=order)) for name, clips in sorted(named.items())}


def _frames(named: Mapping[str, list[ClipScore]]) -> dict[str, int]:
    return {name: sum(clip.frames for clip in clips) for name, clips in named.items()}


def estimate(tracks: Sequence[TrackScores], members: Sequence[Member], policy: Policy, *, seed: str) -> Estimate | None:
    """The evidence of ``members`` on ``tracks`` together; nothing where none of them scored any.

    Across detectors: the weighted mean of their log likelihood ratios on a track. Across tracks: the mean of the
    tracks' likelihood ratios. That is the exact ratio if a manipulated item has one manipulated face and each is as
    likely to be it. One incriminating face among K decides, at a K-th of its ratio, and a genuine item has no more
    false alarms with many faces than with one, which the plain maximum would have.

    The limits are the widest of: a circular block bootstrap over each track's clips (Politis and Romano 1992; blocks
    because neighbouring frames resemble each other), the spread between the detectors, and the least standard error
    that a calibration fitted on n items can have. ``seed`` makes the bootstrap repeatable.
    """
    taking_part = [member for member in members if any(member.name in track.raw for track in tracks)]
    if not taking_part:
        return None
    value = _item_ratio([_track_ratio(track, taking_part) for track in tracks if _scored(track, taking_part)])
    sampled = _resampled(tracks, taking_part, policy, seed=seed)
    noise = max(_spread(tracks, taking_part), _calibration_noise(taking_part))
    low, high = np.quantile(sampled, (0.025, 0.975))
    return Estimate(value=value, low=min(float(low), value - noise), high=max(float(high), value + noise))


def raw_of(tracks: Sequence[TrackScores], member: Member) -> float | None:
    """A detector's highest pooled raw score over the tracks, 0 (genuine) to 1 (manipulated)."""
    scored = [track.raw[member.name] for track in tracks if track.raw.get(member.name)]
    return max((pool(raw, member.pooling) for raw in scored), default=None)


def effective_number(members: Sequence[Member]) -> float | None:
    """How many equally weighted detectors the members' weights are worth."""
    return effective_number_of_weights([member.weight for member in members])


def _scored(track: TrackScores, members: Sequence[Member]) -> bool:
    return any(member.name in track.raw for member in members)


def _track_ratio(track: TrackScores, members: Sequence[Member]) -> float:
    here = [member for member in members if member.name in track.raw]
    ratios = [member.log_likelihood_ratio(member.pooled_logit(track.raw[member.name])) for member in here]
    return float(np.average(ratios, weights=[member.weight for member in here]))


def _item_ratio(track_ratios: Sequence[float]) -> float:
    highest = max(track_ratios)
    mean = math.fsum(math.exp(ratio - highest) for ratio in track_ratios) / len(track_ratios)
    return highest + math.log(mean)


def _resampled(tracks: Sequence[TrackScores], members: Sequence[Member], policy: Policy, *, seed: str) -> Floats:
    # One generator per track and detector: what one detector draws does not depend on whether another one answered.
    rows = [_resampled_track(track, members, policy, seed=seed) for track in tracks if _scored(track, members)]
    ratios = np.stack(rows)
    highest = ratios.max(axis=0)
    return highest + np.log(np.exp(ratios - highest).mean(axis=0))


def _resampled_track(track: TrackScores, members: Sequence[Member], policy: Policy, *, seed: str) -> Floats:
    here = [member for member in members if member.name in track.raw]
    rows = []
    for member in here:
        draws = np.random.default_rng(_number(seed, member.name, str(track.track_id)))
        rows.append(member.log_likelihood_ratios(_resampled_logits(track.raw[member.name], member, policy, draws)))
    return np.average(np.array(rows), axis=0, weights=[member.weight for member in here])


def _resampled_logits(raw: Sequence[float], member: Member, policy: Policy, draws: np.random.Generator) -> Floats:
    if member.pooling == "mean_logit":
        return _block_bootstrap_means(np.array([logit(one) for one in raw]), policy.bootstrap_rounds, draws)
    resamples = _block_bootstrap(np.array(raw), policy.bootstrap_rounds, draws)
    return np.array([member.pooled_logit(resample.tolist()) for resample in resamples])


def _block_bootstrap(values: Floats, rounds: int, draws: np.random.Generator) -> Iterator[Floats]:
    """``rounds`` resamples, drawn as those whose means ``_block_bootstrap_means`` gives."""
    length = _block_length(values)
    picks = draws.integers(0, len(values), size=(rounds, math.ceil(len(values) / length)))
    for begins in picks:
        yield values[(begins[:, None] + np.arange(length)).ravel() % len(values)]


def _block_length(values: Floats) -> int:
    return max(1, round(len(values) ** (1 / 3)))


def _block_bootstrap_means(values: Floats, rounds: int, draws: np.random.Generator) -> Floats:
    """Means of ``rounds`` resamples, built from blocks of about n^(1/3) neighbours on the series closed to a ring."""
    length = _block_length(values)
    ring = np.concatenate(([0.0], np.cumsum(np.concatenate((values, values[: length - 1])))))
    block_means = (ring[length:] - ring[:-length]) / length
    picks = draws.integers(0, len(block_means), size=(rounds, math.ceil(len(values) / length)))
    return block_means[picks].mean(axis=1)


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def _spread(tracks: Sequence[TrackScores], members: Sequence[Member]) -> float:
    """Half the 95 % interval of the weighted mean, from how far the detectors' own answers lie apart."""
    if len(members) < 2:
        return 0.0
    answers = np.array([_member_ratio(tracks, member) for member in members])
    weights = np.array([member.weight for member in members])
    shares = weights / weights.sum()
    deviations = answers - np.sum(shares * answers)
    small_sample = len(members) / (len(members) - 1)
    return _TWO_SIDED_95 * math.sqrt(small_sample * float(np.sum(shares**2 * deviations**2)))


def _member_ratio(tracks: Sequence[TrackScores], member: Member) -> float:
    return _item_ratio([_track_ratio(track, [member]) for track in tracks if member.name in track.raw])


def _calibration_noise(members: Sequence[Member]) -> float:
    """Half the 95 % interval of a logistic fit's shift at its best: its variance is at least 4/n."""
    counts = [member.calibration.n_items for member in members if member.calibration]
    return _TWO_SIDED_95 * 2.0 / math.sqrt(max(1, min(counts)))
