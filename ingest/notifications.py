"""The bytes of an object store's notification in; what happened to which objects out.

Size, ETag, time and order that stores write into their events are not read: they differ by store and are often wrong.
Whoever acts on an event asks the store for the truth.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError

from contracts.errors import PoisonMessage
from ingest.dialects import Dialect

_NEW_CONTENT = frozenset(
    {"ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"}
)
_GONE = ("ObjectRemoved:", "LifecycleExpiration:")
_FORM_MAJOR = "2"


class Happening(StrEnum):
    """What an event says of an object, as far as this pipeline cares."""

    CREATED = "created"
    REMOVED = "removed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One event of one object; ``key`` is the key as the uploader gave it."""

    happening: Happening
    bucket: str
    key: str


class _Named(BaseModel):
    name: str


class _Keyed(BaseModel):
    key: str


class _Place(BaseModel):
    bucket: _Named
    object: _Keyed


class _Record(BaseModel):
    eventVersion: str = "2.0"  # noqa: N815 - the store's own spelling
    eventName: str  # noqa: N815 - the store's own spelling
    s3: _Place


class _Envelope(BaseModel):
    Records: list[_Record] | None = None
    Event: Any = None


def parse(raw: bytes | None, dialect: Dialect) -> tuple[ObjectEvent, ...]:
    """The events in one message; none for the test event with which a store tries its connection.

    Raises:
        PoisonMessage: not an event of this form.
    """
    if raw is None:
        raise PoisonMessage("a tombstone carries no notification")
    envelope = _envelope(raw)
    if envelope.Records is not None:
        return tuple(_event(record, dialect) for record in envelope.Records)
    if envelope.Event == "s3:TestEvent":
        return ()
    raise PoisonMessage("neither records nor a test event")


def _envelope(raw: bytes) -> _Envelope:
    try:
        return _Envelope.model_validate_json(raw)
    except ValidationError as why:
        first = why.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "message"
        raise PoisonMessage(f"not a notification: {place}: {first['type']}") from why


def _event(record: _Record, dialect: Dialect) -> ObjectEvent:
    if record.eventVersion.partition(".")[0] != _FORM_MAJOR:
        raise PoisonMessage(f"notification form {record.eventVersion[:20]!r} is not known, only {_FORM_MAJOR}.x")
    try:
        key = dialect.key_of(record.s3.object.key)
    except ValueError as why:
        raise PoisonMessage(f"the key is not in the {dialect.name} encoding") from why
    return ObjectEvent(_happening(record.eventName), record.s3.bucket.name, key)


def _happening(event_name: str) -> Happening:
    bare = event_name.removeprefix("s3:")
    if bare in _NEW_CONTENT:
        return Happening.CREATED
    return Happening.REMOVED if bare.startswith(_GONE) else Happening.OTHER
