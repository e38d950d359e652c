"""Bytes in, a claim check out, and back: the only way large bytes pass between stages."""

import hashlib

from contracts.errors import CorruptObject
from contracts.messages import ClaimCheck
from ingest.object_store import ObjectStore


def issue(store: ObjectStore, key: str, data: bytes) -> ClaimCheck:
    """Store ``data`` under ``key`` and say what must come back.

    Raises:
        NotNow: the store is away.
    """
    store.write(key, data)
    return ClaimCheck(key=key, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def redeem(store: ObjectStore, check: ClaimCheck) -> bytes:
    """The bytes that ``check`` stands for, exactly as they were issued.

    Raises:
        CorruptObject: the object's size or SHA-256 is another one.
        ObjectMissing: the object is gone (expired).
        NotNow: the store is away.
    """
    data = store.read(check.key)
    if len(data) != check.size_bytes:
        raise CorruptObject(f"{check.key} has {len(data)} bytes, its claim check says {check.size_bytes}")
    if hashlib.sha256(data).hexdigest() != check.sha256:
        raise CorruptObject(f"{check.key} does not have the SHA-256 of its claim check")
    return data
