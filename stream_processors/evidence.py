"""Scored clips in; the crops that drove a track's result and the scored spans of the timeline out, both bounded."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.messages import ClaimCheck, ClipScore, DetectorScore, Evidence, Segment
from detectors.calibration import logit, sigmoid
from stream_processors.members import Member
from stream_processors.policy import Policy


@dataclass(frozen=True, kw_only=True)
class ScoredCrop:
    """One crop with the combined log likelihood ratio that its clips got."""

    pts_s: float
    bundle: ClaimCheck
    crop: int
    ratio: float


def crops_by_track(scores: Iterable[DetectorScore], members: Sequence[Member]) -> dict[int, list[ScoredCrop]]:
    """The crops that ``members`` scored, per track: one entry per crop, weighted over the detectors."""
    known = {member.name: member for member in members}
    found: dict[tuple[int, str, int], list[tuple[Member, DetectorScore, ClipScore]]] = defaultdict(list)
    for score in scores:
        member = known.get(score.detector)
        if member is None or score.bundle is None:
            continue
        for clip in score.clips:
            if clip.crop is not None:
                found[clip.track_id, score.bundle.key, clip.crop].append((member, score, clip))
    tracks: dict[int, list[ScoredCrop]] = defaultdict(list)
    for (track, _, crop), answers in sorted(found.items()):
        tracks[track].append(_combined(crop, answers))
    return tracks


def _combined(crop: int, answers: Sequence[tuple[Member, DetectorScore, ClipScore]]) -> ScoredCrop:
    weights = math.fsum(member.weight for member, _, _ in answers)
    ratios = math.fsum(
        member.weight * member.log_likelihood_ratio(logit(clip.raw_score)) for member, _, clip in answers
    )
    _, score, clip = answers[0]
    assert score.bundle is not None  # crops_by_track takes no other
    return ScoredCrop(pts_s=clip.start_s, bundle=score.bundle, crop=crop, ratio=ratios / weights)


def evidence_of(crops: Sequence[ScoredCrop], policy: Policy) -> tuple[Evidence, ...]:
    """The most and the least incriminating crops of a track; no crop is shown on both sides."""
    ranked = sorted(crops, key=lambda crop: (-crop.ratio, crop.pts_s, crop.crop))
    most = ranked[: min(policy.evidence_per_side, math.ceil(len(ranked) / 2))]
    least = ranked[len(most) :][-policy.evidence_per_side :]
    shown = [(crop, True) for crop in most] + [(crop, False) for crop in reversed(least)]
    return tuple(
        Evidence(
            pts_s=crop.pts_s,
            probability=round(sigmoid(crop.ratio + policy.prior_logit), 4),
            bundle=crop.bundle,
            crop=crop.crop,
            incriminating=incriminating,
        )
        for crop, incriminating in shown
    )


def segments_of(
    scored: Mapping[str, Sequence[ClipScore]], members: Sequence[Member], policy: Policy, *, modality: str
) -> tuple[Segment, ...]:
    """The spans that each detector scored on each track; neighbours are joined until all fit into the policy's limit.

    A joined span carries the probability of its clips' pooled score.
    """
    series = {
        (member.name, track): (member, clips)
        for member in members
        for track, clips in _tracks_of(scored.get(member.name, ())).items()
    }
    if not series:
        return ()
    total = sum(len(clips) for _, clips in series.values())
    # Every series keeps at least one span, so the remaining room decides how many clips a span joins.
    room = max(1, policy.most_segments - len(series))
    joined = max(1, math.ceil(total / room))
    segments = [
        _segment(member, track, clips[start : start + joined], policy, modality=modality)
        for (_, track), (member, clips) in sorted(series.items(), key=lambda item: item[0])
        for start in range(0, len(clips), joined)
    ]
    return tuple(segments[: policy.most_segments])


def _tracks_of(clips: Iterable[ClipScore]) -> dict[int, list[ClipScore]]:
    tracks: dict[int, list[ClipScore]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (clip.start_s, clip.clip_index)):
        tracks[clip.track_id].append(clip)
    return tracks


def _segment(member: Member, track: int, clips: Sequence[ClipScore], policy: Policy, *, modality: str) -> Segment:
    pooled = member.pooled_logit([clip.raw_score for clip in clips])
    return Segment(
        start=clips[0].start_s,
        end=max(clip.end_s for clip in clips),
        modality=modality,
        model=member.name,
        track=track,
        confidence=round(sigmoid(member.log_likelihood_ratio(pooled) + policy.prior_logit), 4),
    )
