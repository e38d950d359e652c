"""The bytes of an object store's notification in; what happened to which objects out.

Size, ETag, version, time and order that stores write into their events are not read: they differ by store and are often
wrong. Whoever acts on an event asks the store for the truth.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from contracts.errors import PoisonMessage
from ingest.dialects import Dialect
from ingest.envelopes import EventBridgeEvent, from_eventbridge, unwrapped
from ingest.filer_events import events_in
from ingest.object_events import Happening, ObjectEvent, Place

_NEW_CONTENT = frozenset(
    {"ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"}
)
_GONE = ("ObjectRemoved:", "LifecycleExpiration:")
_FORM_MAJOR = "2"
_Form = TypeVar("_Form", bound=BaseModel)


class _Record(BaseModel):
    eventVersion: str = "2.0"  # noqa: N815 - the store's own spelling
    eventName: str  # noqa: N815 - the store's own spelling
    s3: Place


class _Body(BaseModel):
    Records: list[_Record] | None = None
    Event: Any = None
    kind: Any = Field(default=None, alias="detail-type")


def parse(raw: bytes | None, dialect: Dialect, *, record_key: bytes | None = None) -> tuple[ObjectEvent, ...]:
    """The events in one message; none for the test event with which a store tries its connection.

    ``record_key`` is the Kafka record's key, which says the place where the store's form leaves it out of the message.

    Raises:
        PoisonMessage: not an event of this form.
    """
    if raw is None:
        raise PoisonMessage("a tombstone carries no notification")
    if dialect.is_filer:
        return events_in(record_key, raw)
    inner = unwrapped(raw)
    body = _read(_Body, inner)
    if body.Records is not None:
        return tuple(_event(record, dialect) for record in body.Records)
    if body.kind is not None:
        return (from_eventbridge(_read(EventBridgeEvent, inner)),)
    if body.Event == "s3:TestEvent":
        return ()
    raise PoisonMessage("neither records nor a test event")


def _read(form: type[_Form], raw: bytes) -> _Form:
    try:
        return form.model_validate_json(raw)
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
