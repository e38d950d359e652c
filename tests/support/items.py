"""A name and a wish in; the messages of one media item out, as the pipeline would send them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contracts.messages import (
    ClaimCheck,
    DeadLetter,
    DetectorResult,
    Ensemble,
    Evidence,
    ExpectedClips,
    MediaExtracted,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Probability,
    Problem,
    Quality,
    Segment,
    Thresholds,
    TrackFacts,
    TrackVerdict,
)
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Stage, Verdict

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POLICY = "evidence-desk.1"


def media_id_for(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def an_upload(name: str = "clip.mp4", *, at: datetime = NOON, size_bytes: int = 1_200_000) -> MediaUploaded:
    return MediaUploaded(
        media_id=media_id_for(name),
        bucket="incoming",
        key=name,
        version="1",
        size_bytes=size_bytes,
        source="folder",
        uploaded_at=at,
        received_at=at,
    )


def some_media(kind: MediaKind = MediaKind.VIDEO, *, duration_s: float | None = 12.0, name: str = "") -> MediaFacts:
    return MediaFacts(
        kind=kind,
        container="mp4" if kind is MediaKind.VIDEO else "png",
        codec="h264" if kind is MediaKind.VIDEO else "png",
        width_px=512,
        height_px=512,
        duration_s=duration_s if kind is MediaKind.VIDEO else None,
        frame_rate=25.0 if kind is MediaKind.VIDEO else None,
        sha256=hashlib.sha256(f"bytes of {name}".encode()).hexdigest(),
        size_bytes=1_200_000,
    )


def an_extraction(
    uploaded: MediaUploaded, *, chunks: int = 1, complete: bool = False, at: datetime | None = None, tracks: int = 1
) -> MediaExtracted:
    return MediaExtracted(
        media_id=uploaded.media_id,
        uploaded=uploaded,
        media=some_media(name=uploaded.key),
        complete=complete,
        chunks=chunks,
        expected={"telltale": ExpectedClips(batches=chunks, clips=32 * chunks)},
        tracks=tuple(
            TrackFacts(
                track_id=number,
                start_s=0.0,
                end_s=12.0,
                face_frames=32,
                face_height_px_median=140,
                face_height_px_p5=120,
            )
            for number in range(tracks)
        ),
        extracted_at=at or uploaded.received_at + timedelta(seconds=2 + chunks),
    )


def a_probability(value: float, *, low: float | None = None, high: float | None = None) -> Probability:
    return Probability(
        value=value,
        low=max(0.0, value - 0.08) if low is None else low,
        high=min(1.0, value + 0.05) if high is None else high,
        prior=0.5,
        calibration_id="telltale-1",
    )


def a_result(
    name: str = "telltale",
    *,
    status: DetectorStatus = DetectorStatus.SCORED,
    calibrated: float | None = 0.9,
    untrained: bool = False,
    detail: str | None = None,
) -> DetectorResult:
    is_scored = status is DetectorStatus.SCORED
    return DetectorResult(
        name=name,
        version="1.0.0",
        weights_hash="ab" * 32,
        status=status,
        untrained=untrained,
        raw=calibrated if is_scored else None,
        calibrated=calibrated if is_scored else None,
        weight=1.0 if is_scored else None,
        clips=32 if is_scored else 0,
        ms=840.0 if is_scored else None,
        detail=detail,
    )


def a_verdict(
    uploaded: MediaUploaded,
    verdict: Verdict = Verdict.LIKELY_MANIPULATED,
    *,
    seq: int = 1,
    lifecycle: Lifecycle = Lifecycle.FINAL,
    probability: Probability | None = None,
    reasons: Sequence[Reason] = (),
    problems: Sequence[Problem] = (),
    detectors: Sequence[DetectorResult] | None = None,
    tracks: Sequence[TrackVerdict] = (),
    segments: Sequence[Segment] = (),
    media: MediaFacts | None = None,
    at: datetime | None = None,
    supersedes: str | None = None,
) -> MediaVerdict:
    results = (a_result(),) if detectors is None else tuple(detectors)
    return MediaVerdict(
        media_id=uploaded.media_id,
        item_id=uploaded.media_id,
        event_id=hashlib.sha256(f"{uploaded.media_id} {seq}".encode()).hexdigest()[:32],
        seq=seq,
        lifecycle=lifecycle,
        supersedes=supersedes,
        media=media or some_media(name=uploaded.key),
        uploaded=uploaded,
        verdict=verdict,
        reasons=tuple(reasons),
        problems=tuple(problems),
        probability=probability,
        thresholds=Thresholds(lower=0.35, upper=0.8),
        ensemble=Ensemble(
            method="weighted_mean_logit", used=tuple(r.name for r in results if r.status is DetectorStatus.SCORED)
        ),
        detectors=results,
        tracks=tuple(tracks),
        segments=tuple(segments),
        quality=Quality(sampled_frames=48, face_frames=46, located_frames=12, face_height_px_p5=118.0),
        policy_version=POLICY,
        produced_at=at or uploaded.received_at + timedelta(seconds=10 + seq),
    )


def a_track(
    number: int = 0,
    *,
    start: float = 0.0,
    end: float = 12.0,
    probability: Probability | None = None,
    verdict: Verdict = Verdict.LIKELY_MANIPULATED,
    evidence: Sequence[Evidence] = (),
) -> TrackVerdict:
    return TrackVerdict(
        id=number,
        start=start,
        end=end,
        verdict=verdict,
        probability=probability,
        face_frames=40,
        face_height_px=140.0,
        evidence=tuple(evidence),
    )


def some_evidence(bundle: ClaimCheck, crop: int, *, pts_s: float, probability: float) -> Evidence:
    return Evidence(pts_s=pts_s, probability=probability, bundle=bundle, crop=crop, incriminating=probability >= 0.5)


def a_claim_check(key: str = "crops/x/0.zip") -> ClaimCheck:
    return ClaimCheck(key=key, sha256="0" * 64, size_bytes=1)


def a_dead_letter(
    uploaded: MediaUploaded,
    *,
    stage: Stage = Stage.EXTRACT,
    reason: str = Reason.DECODE_ERROR,
    detail: str = "The decoder gave up after 3 frames.",
    at: datetime | None = None,
) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=hashlib.sha256(f"{uploaded.media_id} {stage} {at}".encode()).hexdigest()[:32],
        media_id=uploaded.media_id,
        stage=stage,
        reason=str(reason),
        detail=detail,
        topic="media.uploaded.v1",
        partition=0,
        offset=7,
        failed_at=at or uploaded.received_at + timedelta(seconds=30),
    )
