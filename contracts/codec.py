"""Messages to bytes and back: UTF-8 JSON with the schema's name inside; foreign or newer bytes are poison."""

import json
import re
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from contracts.errors import PoisonMessage
from contracts.messages import Message

M = TypeVar("M", bound=Message)
# Ids name folders, objects and files: none may lead out of the place that it is used in.
_FIT_ID = re.compile(r"[A-Za-z0-9_-]{0,128}")


def encode(message: Message) -> bytes:
    """The bytes of a message, its schema name first."""
    body = {"schema": message.SCHEMA, **message.model_dump(mode="json")}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode(raw: bytes | None, carries: type[M]) -> M:
    """The message in ``raw``.

    Raises:
        PoisonMessage: the bytes are not JSON, name another schema or version, lack a field, or have an id that is none.
    """
    body = _json_object(raw)
    schema = body.get("schema")
    if schema != carries.SCHEMA:
        raise PoisonMessage(f"expected schema {carries.SCHEMA}, got {schema!r}")
    try:
        message = carries.model_validate(body)
    except ValidationError as why:
        raise PoisonMessage(f"not a valid {carries.SCHEMA}: {_in_short(why)}") from why
    if not _FIT_ID.fullmatch(message.media_id):
        raise PoisonMessage(f"not a media id: {message.media_id[:80]!r}")
    return message


def schema_of(raw: bytes | None) -> str | None:
    """The schema name written in ``raw``; raises ``PoisonMessage`` where there is no JSON object."""
    schema = _json_object(raw).get("schema")
    return schema if isinstance(schema, str) else None


def _json_object(raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        raise PoisonMessage("a tombstone carries no message")
    try:
        text = raw.decode()
        body: object = json.loads(text)
        if "\\u" in text:
            json.dumps(body, ensure_ascii=False).encode()  # half a character could never be written again
    except (ValueError, RecursionError) as why:
        raise PoisonMessage(f"not JSON: {type(why).__name__}") from why
    if not isinstance(body, dict):
        raise PoisonMessage(f"expected a JSON object, got {type(body).__name__}")
    return cast("dict[str, Any]", body)


def _in_short(why: ValidationError) -> str:
    first = why.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']} ({why.error_count()} in all)"
