"""Records of the upload topic in; the messages of one bucket out."""

from collections.abc import Callable, Iterable

from kafka.consumer.fetcher import ConsumerRecord

from contracts.codec import decode
from contracts.messages import MediaUploaded


def uploads_in(bucket: str, records: Iterable[ConsumerRecord]) -> list[MediaUploaded]:
    """The announcements of objects in ``bucket``, in the order they were read."""
    every = (decode(record.value, MediaUploaded) for record in records)
    return [one for one in every if one.bucket == bucket]


def has_uploads(bucket: str, count: int) -> Callable[[list[ConsumerRecord]], bool]:
    """A condition for ``Tail.read_until``: ``bucket`` has at least that many announcements."""
    return lambda records: len(uploads_in(bucket, records)) >= count
