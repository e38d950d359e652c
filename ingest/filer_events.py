"""A change that a SeaweedFS filer tells Kafka of in; what happened to which object out.

The filer knows paths, not buckets, and writes protocol buffers: the changed path is the record's key, the entry before
and after the change its value (``EventNotification`` in SeaweedFS's ``filer.proto``). Only the fields that are read are
declared here; the others are passed over, as protocol buffers mean it.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from contracts.errors import PoisonMessage
from ingest.object_events import Happening, ObjectEvent

BUCKETS = "/buckets/"
_UNFINISHED_UPLOADS = ".uploads/"
_Field = descriptor_pb2.FieldDescriptorProto


def events_in(path: bytes | None, raw: bytes) -> tuple[ObjectEvent, ...]:
    """The one event of a record: ``path`` is its key, ``raw`` its value.

    An update is told as a creation, since it may be one: whether the bytes are others is for the store to say.

    Raises:
        PoisonMessage: not a change that a filer writes.
    """
    change = _change(raw)
    is_there, was_there = change.HasField("new_entry"), change.HasField("old_entry")
    if not is_there and not was_there:
        raise PoisonMessage("a filer's change with neither an old nor a new entry")
    bucket, key = _place(_path(path, change) if is_there else _text(path))
    entry = change.new_entry if is_there else change.old_entry
    if entry.is_directory or not bucket or not key or key.startswith(_UNFINISHED_UPLOADS):
        return (ObjectEvent(Happening.OTHER, bucket, key),)
    return (ObjectEvent(Happening.CREATED if is_there else Happening.REMOVED, bucket, key),)


def _change(raw: bytes) -> Any:
    try:
        return _notification().FromString(raw)
    except DecodeError as why:
        raise PoisonMessage("not a filer's change: no protocol buffer of that form") from why


def _path(path: bytes | None, change: Any) -> str:
    """Where the entry lies now; the record's key still names the old place of one that was moved."""
    folder = change.new_parent_path
    return f"{folder.rstrip('/')}/{change.new_entry.name}" if folder else _text(path)


def _text(path: bytes | None) -> str:
    try:
        return (path or b"").decode()
    except UnicodeDecodeError as why:
        raise PoisonMessage("a filer's path that is no text") from why


def _place(path: str) -> tuple[str, str]:
    """Bucket and key; no bucket for what lies elsewhere on the filer."""
    if not path.startswith(BUCKETS):
        return "", path
    bucket, _, key = path.removeprefix(BUCKETS).partition("/")
    return bucket, key


@cache
def _notification() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="telltale/filer.proto", package="telltale.filer", syntax="proto3")
    entry = file.message_type.add(name="Entry")
    _declare(entry, "name", 1, _Field.TYPE_STRING)
    _declare(entry, "is_directory", 2, _Field.TYPE_BOOL)
    change = file.message_type.add(name="Change")
    _declare(change, "old_entry", 1, _Field.TYPE_MESSAGE, of=".telltale.filer.Entry")
    _declare(change, "new_entry", 2, _Field.TYPE_MESSAGE, of=".telltale.filer.Entry")
    _declare(change, "new_parent_path", 4, _Field.TYPE_STRING)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("telltale.filer.Change"))


def _declare(message: Any, name: str, number: int, kind: Any, *, of: str | None = None) -> None:
    message.field.add(name=name, number=number, type=kind, type_name=of, label=_Field.LABEL_OPTIONAL)
