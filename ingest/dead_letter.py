"""A record that cannot be understood in; the dead letter that keeps every byte of it out."""

import base64
import hashlib

from kafka.consumer.fetcher import ConsumerRecord

from contracts.errors import PoisonMessage
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.publisher import Outgoing

REASON = "undecodable_notification"
_LONGEST_DETAIL = 500


def dead_letter_of(record: ConsumerRecord, why: PoisonMessage) -> Outgoing:
    """The same letter on every delivery of ``record``; no media item is known, so it is keyed by its own id."""
    place = f"{Stage.INGEST}\0{record.topic}\0{record.partition}\0{record.offset}"
    letter_id = hashlib.sha256(place.encode()).hexdigest()[:32]
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers or () if value is not None}
    letter = DeadLetter(
        dead_letter_id=letter_id,
        media_id=letter_id,
        stage=Stage.INGEST,
        reason=REASON,
        detail=str(why)[:_LONGEST_DETAIL],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key_base64=_base64(record.key),
        value_base64=_base64(record.value),
        headers=headers,
    )
    return Outgoing(DEAD_LETTERS, letter)


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode("ascii")
