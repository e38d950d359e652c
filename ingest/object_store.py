"""An address in, a store out: the one interface to buckets, whether they are folders or S3."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

_S3 = "s3://"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as its store describes it; ``version`` changes whenever its bytes are replaced by others."""

    key: str
    size_bytes: int
    version: str
    modified_at: datetime


class ObjectStore(Protocol):
    """A bucket. Keys are paths with ``/``, relative to the address that the store was opened with.

    Every method raises ``NotNow`` while the store is away, slow or failing, and ``ValueError`` for a key that no
    object can have (empty, absolute, with ``..`` in it).
    """

    @property
    def url(self) -> str:
        """The address in the form that ``open_store`` takes."""
        ...

    @property
    def bucket(self) -> str:
        """The bucket's name as it appears in messages."""
        ...

    @property
    def kind(self) -> str:
        """Which kind of store this is, in one word."""
        ...

    def stat(self, key: str) -> StoredObject:
        """What the store knows of an object; raises ``ObjectMissing``."""
        ...

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        """Copy an object into the file ``to``, which appears whole or not at all.

        Raises:
            ObjectMissing: there is no such object.
            ObjectChanged: the object is no longer in ``version``.
        """
        ...

    def read(self, key: str) -> bytes:
        """All bytes of a small object; raises ``ObjectMissing``."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Make or replace an object; readers see the old bytes or the new ones, never a part."""
        ...

    def put_file(self, key: str, source: Path) -> None:
        """Make or replace an object from a file of any size."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        ...

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose key starts with ``prefix``, in no promised order."""
        ...


def open_store(url: str | Path) -> ObjectStore:
    """The store at ``url``: a folder (made if it is missing) or ``s3://NAME[/PREFIX]``.

    Endpoint, region and credentials of S3 come from boto3's own chain (``AWS_ENDPOINT_URL``, ``AWS_PROFILE`` …).
    """
    if str(url).startswith(_S3):
        # boto3 takes a noticeable part of a second to import; folders do without it.
        from ingest.object_stores.s3 import S3Store

        name, _, prefix = str(url).removeprefix(_S3).partition("/")
        if not name:
            raise ValueError(f"{url} names no bucket")
        return S3Store(name, prefix=prefix.strip("/"))
    from ingest.object_stores.folder import FolderStore

    return FolderStore.make(Path(url))


def open_private(path: Path) -> BinaryIO:
    """A new or emptied file to write to, that no other user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def is_key(key: str) -> bool:
    """Whether ``key`` can name an object: not empty, not absolute, no NUL, no ``.`` or ``..`` step."""
    return bool(key) and "\0" not in key and not key.startswith("/") and {".", ".."}.isdisjoint(key.split("/"))


def checked_key(key: str) -> str:
    """``key`` itself; raises ``ValueError`` where it cannot name an object."""
    if not is_key(key):
        raise ValueError(f"not an object key: {key!r}")
    return key
