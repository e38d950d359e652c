"""Messages in; what the audit log keeps of each out: who judged what by which means, and nobody's name.

Keys, file names and texts that may quote them stay out of every body: a record outlives the item that it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.messages import (
    DeadLetter,
    DetectorResult,
    MediaExtracted,
    MediaUploaded,
    MediaVerdict,
    Message,
)
from contracts.vocabulary import Lifecycle
from dashboard.custody.canonical import plain, sha256_of

DECIDED = (Lifecycle.FINAL, Lifecycle.SUPERSEDED)


class Kind(StrEnum):
    """What a record is about."""

    ARRIVED = "arrived"
    EXTRACTED = "extracted"
    MEDIA_CHANGED = "media_changed"
    JUDGED = "judged"
    REJUDGED = "rejudged"
    REVIEWED = "reviewed"
    ACKNOWLEDGED = "acknowledged"
    PARKED = "parked"
    SETTLED = "settled"
    GAP_FOUND = "gap_found"
    EXPIRED = "expired"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One event for the chain; ``event_id`` is the same on every delivery, ``body`` is plain values only."""

    kind: Kind
    subject: str
    event_id: str
    body: Mapping[str, Any] = field(default_factory=dict)


def facts_of(message: Message, *, known_sha256: str | None = None, judged: str | None = None) -> list[Fact]:
    """The facts in one message; none in what is only said on the way.

    ``known_sha256`` is what the media's bytes hashed to when they were first read, ``judged`` the ``event_id`` of the
    verdict that the item has.
    """
    match message:
        case MediaUploaded():
            return [_arrived(message)]
        case MediaExtracted() if message.complete:
            return [_extracted(message), *_changed(message, known_sha256)]
        case MediaVerdict() if message.lifecycle in DECIDED:
            return [_decided(message, judged)]
        case DeadLetter():
            return [_parked(message)]
    return []


def _arrived(uploaded: MediaUploaded) -> Fact:
    body = {
        "size_bytes": uploaded.size_bytes,
        "source": uploaded.source,
        "uploaded_at": _moment(uploaded.uploaded_at),
        "received_at": _moment(uploaded.received_at),
    }
    return Fact(kind=Kind.ARRIVED, subject=uploaded.media_id, event_id=f"arrived:{uploaded.media_id}", body=body)


def _extracted(extracted: MediaExtracted) -> Fact:
    media = extracted.media
    body = {
        "media_sha256": media.sha256,
        "size_bytes": media.size_bytes,
        "media": plain({"kind": media.kind.value, "container": media.container, "codec": media.codec}),
        "chunks": extracted.chunks,
        "expected": {name: {"batches": e.batches, "clips": e.clips} for name, e in extracted.expected.items()},
        "problems": sorted({problem.reason.value for problem in extracted.problems}),
        "tracks": len(extracted.tracks),
    }
    # A repeated extraction of the same bytes says the same, whenever it ran.
    event_id = f"extracted:{extracted.media_id}:{sha256_of(body)[:16]}"
    return Fact(kind=Kind.EXTRACTED, subject=extracted.media_id, event_id=event_id, body=body)


def _changed(extracted: MediaExtracted, known_sha256: str | None) -> list[Fact]:
    now = extracted.media.sha256
    if now is None or known_sha256 in (None, now):
        return []
    body = {"sha256_before": known_sha256, "sha256_now": now}
    event_id = f"changed:{extracted.media_id}:{now[:16]}"
    return [Fact(kind=Kind.MEDIA_CHANGED, subject=extracted.media_id, event_id=event_id, body=body)]


def _decided(verdict: MediaVerdict, judged: str | None) -> Fact:
    is_first = judged in (None, verdict.event_id) and verdict.supersedes is None
    return Fact(
        kind=Kind.JUDGED if is_first else Kind.REJUDGED,
        subject=verdict.media_id,
        event_id=f"judged:{verdict.event_id}",
        body=verdict_body(verdict),
    )


def verdict_body(verdict: MediaVerdict) -> dict[str, Any]:
    """What was decided, by which code, weights, calibrations, policy, thresholds and gates; fractions are texts."""
    probability = verdict.probability
    return plain(
        {
            "event_id": verdict.event_id,
            "seq": verdict.seq,
            "lifecycle": verdict.lifecycle.value,
            "supersedes": verdict.supersedes,
            "media_sha256": verdict.media.sha256,
            "verdict": verdict.verdict.value,
            "reasons": [reason.value for reason in verdict.reasons],
            "probability": probability.model_dump(mode="json") if probability else None,
            "thresholds": verdict.thresholds.model_dump(mode="json") if verdict.thresholds else None,
            "policy_version": verdict.policy_version,
            "gates": None if verdict.gates is None else sorted(gate.value for gate in verdict.gates),
            "code_version": verdict.code_version,
            "detectors": [_detector(result) for result in verdict.detectors],
            "evidence": bundles_of(verdict),
            "produced_at": _moment(verdict.produced_at),
            "document_sha256": document_sha256(verdict),
        }
    )


def bundles_of(verdict: MediaVerdict) -> dict[str, str]:
    """The crop bundles that the evidence of a verdict lies in: SHA-256 by key."""
    return {one.bundle.key: one.bundle.sha256 for track in verdict.tracks for one in track.evidence}


def document_sha256(message: Message) -> str:
    """The hash of all that a message says; fields that a later release adds with a default do not change it."""
    return sha256_of(plain(message.model_dump(mode="json", exclude_defaults=True)))


def _detector(result: DetectorResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "version": result.version,
        "weights_sha256": result.weights_hash,
        "calibration_sha256": result.calibration_sha256,
        "status": result.status.value,
        "untrained": result.untrained,
        "raw": result.raw,
        "calibrated": result.calibrated,
        "weight": result.weight,
        "clips": result.clips,
    }


def _parked(letter: DeadLetter) -> Fact:
    body: dict[str, Any] = {
        "dead_letter_id": letter.dead_letter_id,
        "stage": letter.stage.value,
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "attempts": letter.attempts,
    }
    kind, event_id = Kind.PARKED, f"parked:{letter.dead_letter_id}:{letter.attempts}"
    if letter.settled is not None:
        kind, event_id = Kind.SETTLED, f"settled:{letter.dead_letter_id}:{letter.attempts}:{letter.settled[:16]}"
        body |= {"settled": letter.settled, "because": letter.settled_because}
    return Fact(kind=kind, subject=letter.media_id, event_id=event_id, body=body)


def _moment(at: Any) -> str:
    return at.isoformat(timespec="milliseconds")
