"""Rows and messages in; what the API says of them out: the same numbers under the same names as on the topics."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from contracts.messages import (
    DeadLetter,
    DetectorResult,
    Evidence,
    ExpectedClips,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Problem,
    Quality,
    TrackFacts,
    TrackVerdict,
)
from contracts.vocabulary import Lifecycle, MediaKind, Reason, Verdict
from dashboard.item_queries import Row
from dashboard.projection import ItemDocuments, Tab


class Range(BaseModel):
    """A calibrated probability of manipulation and its 95 % interval."""

    value: float
    low: float
    high: float


class ItemSummary(BaseModel):
    """One row of the inbox. ``change`` grows with every change of any item."""

    media_id: str
    name: str
    source_key: str
    bucket: str
    kind: MediaKind
    lifecycle: Lifecycle
    tab: Tab
    verdict: Verdict | None
    reason: Reason | None
    probability: Range | None
    untrained: bool
    detectors_done: int
    detectors_all: int
    people: int | None
    duration_s: float | None
    sha256: str | None
    arrived_at: datetime
    seq: int
    change: int


class Extraction(BaseModel):
    """How far the file was looked at, and what was found of faces."""

    complete: bool
    chunks: int
    expected: dict[str, ExpectedClips]
    not_applicable: dict[str, Problem]
    problems: tuple[Problem, ...]
    quality: Quality
    extracted_at: datetime


class Failure(BaseModel):
    """The dead letter after which the pipeline gave the item up."""

    dead_letter_id: str
    stage: str
    reason: str
    detail: str
    failed_at: datetime


class Item(BaseModel):
    """All that is known of one item; ``verdict`` is the latest public event as it stands on its topic."""

    summary: ItemSummary
    uploaded: MediaUploaded
    media: MediaFacts | None
    extraction: Extraction | None
    verdict: MediaVerdict | None
    failure: Failure | None


class ItemPage(BaseModel):
    """A page of items; ``next`` leads to the following one, ``as_of`` is the number of the last change."""

    items: list[ItemSummary]
    next: str | None
    as_of: int


class VerdictEvent(BaseModel):
    """One verdict event in short; ``change`` is its place in the stream, the item has the whole event."""

    change: int | None
    event_id: str
    media_id: str
    seq: int
    lifecycle: Lifecycle
    verdict: Verdict
    reasons: list[Reason]
    probability: Range | None
    policy_version: str
    supersedes: str | None
    produced_at: datetime


class DetectorScores(BaseModel):
    """What each detector said of an item: its part in the verdict."""

    media_id: str
    event_id: str | None
    detectors: tuple[DetectorResult, ...]


class Track(BaseModel):
    """One face over time: what extraction saw of it, and what was judged."""

    track_id: int
    facts: TrackFacts | None
    verdict: TrackVerdict | None


class EvidenceCrop(BaseModel):
    """One crop that drove a track's result; ``href`` leads to the picture as long as it is kept."""

    number: int
    track_id: int
    pts_s: float
    probability: float
    incriminating: bool
    href: str


def moment(at_s: float) -> datetime:
    """Seconds since 1970 as a time of day in UTC."""
    return datetime.fromtimestamp(at_s, UTC)


def range_of(row: Row) -> Range | None:
    """The range of a row; nothing where there is no number."""
    low, value, high = row["low"], row["value"], row["high"]
    return None if low is None or value is None or high is None else Range(value=value, low=low, high=high)


def summary_of(row: Row) -> ItemSummary:
    """One row of the inbox."""
    same = {name: row[name] for name in ItemSummary.model_fields if name in row}
    return ItemSummary(**same, probability=range_of(row), arrived_at=moment(row["arrived_at_s"]))


def item_of(row: Row, known: ItemDocuments) -> Item | None:
    """All that is known of one item."""
    if known.uploaded is None:
        return None
    latest = known.verdict or known.extracted
    return Item(
        summary=summary_of(row),
        uploaded=known.uploaded,
        media=latest.media if latest else None,
        extraction=_extraction_of(known),
        verdict=known.verdict,
        failure=_failure_of(known.failure) if known.failure and known.failed else None,
    )


def _extraction_of(known: ItemDocuments) -> Extraction | None:
    if known.extracted is None:
        return None
    return Extraction(**{name: getattr(known.extracted, name) for name in Extraction.model_fields})


def _failure_of(letter: DeadLetter) -> Failure:
    return Failure(**{name: getattr(letter, name) for name in Failure.model_fields})


def event_of(row: Row) -> VerdictEvent:
    """A row of the events as it is told."""
    same: dict[str, Any] = {name: row[name] for name in VerdictEvent.model_fields if name in row}
    reasons = [Reason(word) for word in row["reasons"].split()]
    more = {"reasons": reasons, "probability": range_of(row), "produced_at": moment(row["produced_at_s"])}
    return VerdictEvent(**{**same, **more})


def tracks_of(known: ItemDocuments) -> list[Track]:
    """Every face of an item, by its number."""
    facts = {one.track_id: one for one in (known.extracted.tracks if known.extracted else ())}
    verdicts = {one.id: one for one in (known.verdict.tracks if known.verdict else ())}
    every = sorted(facts.keys() | verdicts.keys())
    return [Track(track_id=number, facts=facts.get(number), verdict=verdicts.get(number)) for number in every]


def evidence_of(verdict: MediaVerdict | None) -> list[tuple[int, Evidence]]:
    """Every crop that the verdict names with its track; the place in this list is its number."""
    return [(track.id, crop) for track in (verdict.tracks if verdict else ()) for crop in track.evidence]
