"""A message that services of AWS have wrapped or rewritten in; the notification that they passed on out.

S3 can write into a queue itself, over an SNS topic (which wraps its text) or over EventBridge (which has a form of its
own). Which of them it was is told by the message's own fields, never by its key.
"""

from typing import Any

from pydantic import BaseModel, Field, ValidationError

from contracts.errors import PoisonMessage
from ingest.object_events import Happening, ObjectEvent, Place

_S3_ON_EVENTBRIDGE = "aws.s3"
_HAPPENINGS = {"Object Created": Happening.CREATED, "Object Deleted": Happening.REMOVED}
_OF_AN_OBJECT = "Object "


class _SnsEnvelope(BaseModel):
    Type: Any = None
    TopicArn: Any = None
    Message: Any = None


class EventBridgeEvent(BaseModel):
    """One event as EventBridge passes it on; its key is written as it is, not URL-encoded."""

    kind: str = Field(alias="detail-type")
    source: str
    detail: Place


def unwrapped(raw: bytes) -> bytes:
    """What an SNS topic passed on; anything that is no SNS envelope leaves as it came.

    Raises:
        PoisonMessage: SNS speaks for itself here, for example to have a subscription confirmed.
    """
    try:
        envelope = _SnsEnvelope.model_validate_json(raw)
    except ValidationError:
        return raw
    if not isinstance(envelope.TopicArn, str) or not isinstance(envelope.Type, str):
        return raw
    if envelope.Type != "Notification" or not isinstance(envelope.Message, str):
        raise PoisonMessage(f"SNS sends no notification but {envelope.Type[:40]!r}")
    return envelope.Message.encode()


def from_eventbridge(event: EventBridgeEvent) -> ObjectEvent:
    """What happened, by EventBridge's words for it.

    Raises:
        PoisonMessage: an event of another service, or of no object.
    """
    if event.source != _S3_ON_EVENTBRIDGE or not event.kind.startswith(_OF_AN_OBJECT):
        raise PoisonMessage(f"EventBridge sends {event.kind[:60]!r} of {event.source[:40]!r}, no event of an S3 object")
    happening = _HAPPENINGS.get(event.kind, Happening.OTHER)
    return ObjectEvent(happening, event.detail.bucket.name, event.detail.object.key)
