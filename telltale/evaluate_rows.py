"""What was found in a labelled file in; its rows of the score table out: item, face tracks, clips, per detector."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from contracts.messages import ClipScore, MediaVerdict
from contracts.vocabulary import DetectorStatus, Lifecycle, Verdict
from detectors.calibration import logit, sigmoid
from detectors.evaluation.manifest import Item
from detectors.evaluation.score_table import FUSION, ScoreRow
from detectors.pooling import pool
from stream_processors import fusion
from stream_processors.judgement import Member, Policy, judge
from telltale.scan import Findings

UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One file with its truth, what was found in it, and the verdict on that."""

    item: Item
    variant: str
    findings: Findings
    verdict: MediaVerdict


def judged(item: Item, findings: Findings, members: Sequence[Member], policy: Policy, *, variant: str = "") -> Judged:
    """Judge findings as the pipeline does."""
    verdict = judge(
        findings.extracted, findings.scores, members=members, policy=policy, seq=1, lifecycle=Lifecycle.FINAL
    )
    return Judged(item=item, variant=variant, findings=findings, verdict=verdict)


def rows_of(one: Judged, members: Sequence[Member], policy: Policy) -> list[ScoreRow]:
    """All rows of a file; the fusion's follow those of the detectors."""
    counted = {result.name for result in one.verdict.detectors if result.weight is not None}
    known = {member.name: member for member in members}
    voters = {name: known[name] for name in counted}
    return [*_item_rows(one), *_track_rows(one, known, voters, policy), *_clip_rows(one, voters, policy)]


def unreadable_rows(item: Item, names: Sequence[str], *, variant: str = "") -> list[ScoreRow]:
    """The rows of a file that nothing could be found in: nobody covers it."""
    blank = _blank(item, variant)
    return [replace(blank, detector=name, reason=UNREADABLE) for name in (*names, FUSION)]


def _blank(item: Item, variant: str) -> ScoreRow:
    return ScoreRow(
        path=str(item.path),
        label=item.label,
        source=item.source,
        family=item.family,
        compression=item.compression,
        split=item.split,
        variant=variant,
        level="item",
        detector=FUSION,
    )


def _item_rows(one: Judged) -> Iterator[ScoreRow]:
    extracted, verdict = one.findings.extracted, one.verdict
    blank = replace(
        _blank(one.item, one.variant),
        bits_per_pixel=extracted.quality.bits_per_pixel,
        face_height_px=max((track.face_height_px_median for track in extracted.tracks), default=None),
    )
    first = verdict.reasons[0].value if verdict.reasons else ""
    for result in verdict.detectors:
        scored = result.status is DetectorStatus.SCORED
        reason = "" if result.calibrated is not None else first if scored else result.status.value
        yield replace(blank, detector=result.name, raw=result.raw, calibrated=result.calibrated, reason=reason)
    value = verdict.probability.value if verdict.probability else None
    silent = value is None or verdict.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED)
    yield replace(blank, calibrated=value, verdict=verdict.verdict.value, reason=first if silent else "")


def _track_rows(one: Judged, known: dict[str, Member], voters: dict[str, Member], policy: Policy) -> Iterator[ScoreRow]:
    heights = {track.track_id: track.face_height_px_median for track in one.findings.extracted.tracks}
    said = {track.id: track for track in one.verdict.tracks}
    for number, track in fusion.by_track(_clips(one)).items():
        blank = replace(_blank(one.item, one.variant), level="track", track=number, face_height_px=heights.get(number))
        for name, raw in track.raw.items():
            pooled = pool(raw, known[name].pooling)
            calibrated = _probability(voters[name], pooled, policy) if name in voters else None
            yield replace(blank, detector=name, raw=pooled, calibrated=calibrated)
        verdict = said.get(number)
        if verdict and verdict.probability:
            yield replace(blank, calibrated=verdict.probability.value, verdict=verdict.verdict.value)


def _clip_rows(one: Judged, voters: dict[str, Member], policy: Policy) -> Iterator[ScoreRow]:
    together: dict[tuple[int, float], list[tuple[Member, float]]] = defaultdict(list)
    blank = replace(_blank(one.item, one.variant), level="clip")
    for name, clips in _clips(one).items():
        for clip in clips:
            voter = voters.get(name)
            calibrated = _probability(voter, clip.raw_score, policy) if voter else None
            yield replace(
                blank,
                detector=name,
                track=clip.track_id,
                start_s=clip.start_s,
                raw=clip.raw_score,
                calibrated=calibrated,
            )
            if voter:
                together[clip.track_id, clip.start_s].append((voter, clip.raw_score))
    for (track, start_s), votes in sorted(together.items(), key=lambda pair: pair[0]):
        yield replace(blank, track=track, start_s=start_s, calibrated=_fused(votes, policy))


def _clips(one: Judged) -> dict[str, list[ClipScore]]:
    found: dict[str, list[ClipScore]] = defaultdict(list)
    for score in one.findings.scores:
        if score.status is DetectorStatus.SCORED:
            found[score.detector] += score.clips
    return found


def _probability(member: Member, raw: float, policy: Policy) -> float:
    return sigmoid(member.log_likelihood_ratio(logit(raw)) + policy.prior_logit)


def _fused(votes: Sequence[tuple[Member, float]], policy: Policy) -> float:
    ratios = [member.log_likelihood_ratio(logit(raw)) for member, raw in votes]
    return sigmoid(float(np.average(ratios, weights=[member.weight for member, _ in votes])) + policy.prior_logit)
