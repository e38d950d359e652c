"""A notification that cannot be understood in; the dead letter that keeps every byte of it out."""

from kafka.consumer.fetcher import ConsumerRecord

from contracts.errors import PoisonMessage
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.parking import ParkedRecord, letter_of
from ingest.publisher import Outgoing

REASON = "undecodable_notification"


def dead_letter_of(record: ConsumerRecord, why: PoisonMessage) -> Outgoing:
    """The same letter on every delivery of ``record``; no media item is known, so it is keyed by its own id."""
    place = (record.topic, record.partition, record.offset)
    parked = ParkedRecord.of(place, record.key, record.value, record.headers)
    return Outgoing(DEAD_LETTERS, letter_of(parked, why, stage=Stage.INGEST, reason=REASON))
