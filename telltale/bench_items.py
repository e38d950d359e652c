"""A number in; a read model with so many judged items out, for measurements of what reads it."""

import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Engine, delete, insert

from contracts.messages import (
    DetectorResult,
    Ensemble,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Probability,
    TrackVerdict,
)
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Verdict
from dashboard.projection import ItemDocuments, row_of
from dashboard.read_tables import dead_letters, documents, item_detectors, items, reviews, tallies, verdict_events
from dashboard.reviews import Basis, Outcome
from dashboard.tallies import count_anew
from ingest.identity import media_id_of

REVIEWERS = ("Ada", "Bo", "Cem")
_DETECTOR = "telltale"
_ROWS_AT_ONCE = 2_000
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_WORDS = ("interview", "rally", "harbour", "statement", "street")


def fill(engine: Engine, size: int) -> None:
    """Rows as the projector and reviewers would write them, in bulk; the audit log stays empty."""
    numbers = iter(range(1, size + 1))
    while some := list(islice(numbers, _ROWS_AT_ONCE)):
        told = [_rows(number) for number in some]
        with engine.begin() as connection:
            connection.execute(insert(items), [row[0] for row in told])
            connection.execute(insert(documents), [row[1] for row in told])
            connection.execute(insert(verdict_events), [row[2] for row in told])
            connection.execute(insert(item_detectors), [row[3] for row in told])
            for table, make, every in ((dead_letters, _letter, 10), (reviews, _review, 50)):
                made = [make(number) for number in some if number % every == 0]
                if made:
                    connection.execute(insert(table), made)
    with engine.begin() as connection:
        connection.execute(delete(tallies))
        count_anew(connection)


def _rows(number: int) -> tuple[dict[str, Any], ...]:
    """The rows of the list, of the documents, of the events and of who scored."""
    uploaded = uploaded_of(number)
    verdict = _verdict(uploaded, number)
    row = row_of(ItemDocuments(uploaded.media_id, uploaded=uploaded, verdict=verdict)) or {}
    document = {"media_id": uploaded.media_id, "uploaded": uploaded.model_dump_json()}
    probability = verdict.probability
    event = {
        "event_id": verdict.event_id,
        "media_id": uploaded.media_id,
        "seq": 1,
        "lifecycle": verdict.lifecycle.value,
        "verdict": verdict.verdict.value,
        "reasons": "",
        "low": probability.low if probability else None,
        "value": probability.value if probability else None,
        "high": probability.high if probability else None,
        "policy_version": verdict.policy_version,
        "produced_at_s": verdict.produced_at.timestamp(),
        "change": number,
    }
    kept = {**document, "extracted": None, "verdict": verdict.model_dump_json(), "failure": None}
    scored = {"name": _DETECTOR, "media_id": uploaded.media_id}
    return {**row, "change": number, "created_change": number}, kept, event, scored


def uploaded_of(number: int) -> MediaUploaded:
    """The announcement of the item with this number, each seven seconds after the one before."""
    key = f"desk/{_WORDS[number % len(_WORDS)]} n{number:06d}.mp4"
    at = _NOON + timedelta(seconds=7 * number)
    facts = {"bucket": "in", "key": key, "version": "1", "size_bytes": 10**6, "source": "folder"}
    return MediaUploaded(media_id=media_id_of("in", key, "1"), uploaded_at=at, received_at=at, **facts)


def _verdict(uploaded: MediaUploaded, number: int) -> MediaVerdict:
    chance = random.Random(number)
    value = chance.random()
    probability = Probability(value=value, low=max(0.0, value - 0.1), high=min(1.0, value + 0.1), prior=0.5)
    scored = DetectorResult(
        name=_DETECTOR, version="1", status=DetectorStatus.SCORED, raw=value, calibrated=value, ms=9
    )
    word = list(Verdict)[number % len(Verdict)]
    kind = MediaKind.IMAGE if number % 20 == 0 else MediaKind.VIDEO
    return MediaVerdict(
        media_id=uploaded.media_id,
        item_id=uploaded.media_id,
        event_id=f"{number:032x}",
        seq=1,
        lifecycle=Lifecycle.FINAL,
        media=MediaFacts(kind=kind, duration_s=12.0, sha256=f"{chance.getrandbits(256):064x}"),
        uploaded=uploaded,
        verdict=word,
        probability=None if number % 7 == 0 else probability,
        ensemble=Ensemble(method="one", used=(_DETECTOR,)),
        detectors=(scored,),
        tracks=tuple(TrackVerdict(id=face, start=0.0, end=12.0, verdict=word) for face in range(2)),
        policy_version="bench",
        produced_at=uploaded.received_at,
    )


def _letter(number: int) -> dict[str, Any]:
    return {
        "dead_letter_id": f"{number:032x}",
        "media_id": uploaded_of(number).media_id,
        "stage": "extract",
        "reason": "poison_message",
        "detail": "It was damaged.",
        "topic": "media.uploaded.v1",
        "partition": 0,
        "offset": number,
        "failed_at_s": _NOON.timestamp() + number,
        "attempts": 1,
    }


def _review(number: int) -> dict[str, Any]:
    return {
        "review_id": f"{number:032x}",
        "media_id": uploaded_of(number).media_id,
        "outcome": list(Outcome)[number % len(Outcome)].value,
        "basis": Basis.ORIGINAL_OBTAINED.value,
        "note": "",
        "reviewer": REVIEWERS[number // 50 % len(REVIEWERS)],
        "before_verdict": False,
        "for_evaluation": True,
        "reviewed_at_s": _NOON.timestamp() + number,
    }
