"""Builders of what a judgement reads: extraction facts, detector scores and members, small and explicit."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from contracts.messages import (
    ClaimCheck,
    ClipScore,
    DetectorScore,
    ExpectedClips,
    MediaExtracted,
    MediaFacts,
    MediaUploaded,
    Problem,
    Quality,
    TrackFacts,
)
from contracts.vocabulary import DetectorStatus, MediaKind
from detectors.calibration import Calibration
from detectors.pooling import Pooling
from stream_processors.members import Member

MEDIA_ID = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def an_upload(media_id: str = MEDIA_ID, *, key: str = "clip.mp4", version: str = "1") -> MediaUploaded:
    return MediaUploaded(
        media_id=media_id,
        bucket="bucket",
        key=key,
        version=version,
        size_bytes=1000,
        source="test",
        uploaded_at=NOON,
        received_at=NOON,
    )


def a_calibration(*, a: float = 1.0, b: float = 0.0, prior: float = 0.5, n_items: int = 2000) -> Calibration:
    return Calibration(
        id="test-fit",
        method="platt",
        a=a,
        b=b,
        prior=prior,
        fitted_on="test items",
        fitted_at=NOON,
        expires_at=NOON.replace(year=2030),
        n_items=n_items,
    )


def a_member(
    name: str = "alpha",
    *,
    calibration: Calibration | None = None,
    calibrated: bool = True,
    weight: float = 1.0,
    may_call_alone: bool = True,
    thresholds: tuple[float, float] | None = None,
    least_face_px: int = 32,
    pooling: Pooling = "mean_logit",
) -> Member:
    return Member(
        name=name,
        version="1",
        calibration=(calibration or a_calibration()) if calibrated else None,
        weight=weight,
        may_call_alone=may_call_alone,
        thresholds=thresholds,
        least_face_px=least_face_px,
        pooling=pooling,
    )


def a_score(
    raw: Iterable[float] = (),
    *,
    detector: str = "alpha",
    chunk: int = 0,
    track: int = 0,
    start_s: float = 0.0,
    status: DetectorStatus | None = None,
    version: str = "1",
    untrained: bool = False,
    detail: str | None = None,
    media_id: str = MEDIA_ID,
    elapsed_ms: float = 5.0,
    frames: int = 1,
) -> DetectorScore:
    """One answer to one batch: one clip per raw score, one second apart."""
    clips = tuple(
        ClipScore(
            clip_index=1000 * chunk + i,
            track_id=track,
            start_s=start_s + i,
            end_s=start_s + i,
            raw_score=value,
            frames=frames,
            crop=i,
        )
        for i, value in enumerate(raw)
    )
    return DetectorScore(
        media_id=media_id,
        detector=detector,
        detector_version=version,
        weights_sha256=None if untrained else "a" * 64,
        untrained=untrained,
        chunk_index=chunk,
        bundle=ClaimCheck(key=f"crops/{media_id}/{chunk}-{track}.zip", sha256="b" * 64, size_bytes=10),
        status=status or (DetectorStatus.SCORED if clips else DetectorStatus.FAILED),
        clips=clips,
        detail=detail,
        elapsed_ms=elapsed_ms,
        scored_at=NOON,
    )


def a_track(
    track_id: int = 0, *, frames: int = 20, height_px: float = 200.0, start_s: float = 0.0, end_s: float = 20.0
) -> TrackFacts:
    return TrackFacts(
        track_id=track_id,
        start_s=start_s,
        end_s=end_s,
        face_frames=frames,
        face_height_px_median=height_px,
        face_height_px_p5=height_px,
    )


def an_extraction(
    *,
    kind: MediaKind = MediaKind.VIDEO,
    complete: bool = True,
    chunks: int = 1,
    batches: dict[str, int] | None = None,
    not_applicable: dict[str, Problem] | None = None,
    problems: Sequence[Problem] = (),
    tracks: Sequence[TrackFacts] | None = None,
    sampled_frames: int = 20,
    sampled_for_each: int | None = None,
    face_height_px_p5: float | None = 200.0,
    media_id: str = MEDIA_ID,
) -> MediaExtracted:
    expected = {"alpha": 1} if batches is None else batches
    return MediaExtracted(
        media_id=media_id,
        uploaded=an_upload(media_id),
        media=MediaFacts(kind=kind, duration_s=20.0, source_key="clip.mp4"),
        complete=complete,
        chunks=chunks,
        expected={
            name: ExpectedClips(batches=count, clips=20 * count, sampled_frames=sampled_for_each)
            for name, count in expected.items()
        },
        not_applicable=not_applicable or {},
        problems=tuple(problems),
        tracks=(a_track(),) if tracks is None else tuple(tracks),
        quality=Quality(sampled_frames=sampled_frames, face_frames=20, face_height_px_p5=face_height_px_p5),
        extracted_at=NOON,
    )
