"""A bucket of any S3 server: keys in, objects out; an object's version is its ETag, read as an opaque token.

Version ids are not used: most stores have none, and equal bytes under one key are one media item whatever the store
calls them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as StoreUnreachable
from botocore.parsers import ResponseParserError

from contracts.errors import LoginRefused, NotNow, ObjectChanged, ObjectMissing
from ingest.object_store import StoredObject, checked_key, open_private

_NO_ETAG = "modified-"
_PIECE_BYTES = 1 << 20
_AWAY = (StoreUnreachable, CredentialRetrievalError, HTTPClientError, IncompleteReadError, ResponseParserError)
_REFUSED_STATUSES = frozenset({401, 403})
_WAIT_STATUSES = frozenset({401, 403, 408, 429})
_WAIT_CODES = frozenset({"ExpiredToken", "NoSuchBucket", "RequestTimeout", "SlowDown", "Throttling"})


@dataclass(frozen=True)
class S3Store:
    """The objects of bucket ``name`` under ``prefix`` (no slash at its ends).

    ``patience_s`` is how long the server may be silent in the middle of an answer.
    """

    name: str
    prefix: str = ""
    patience_s: float = 30.0

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"

    @property
    def bucket(self) -> str:
        return f"{self.name}/{self.prefix}" if self.prefix else self.name

    @property
    def kind(self) -> str:
        return "s3"

    def stat(self, key: str) -> StoredObject:
        place = self._place(key)
        with _meanings(key):
            head = self._client.head_object(**place)
        return _described(key, head, size_bytes=_stated(head, "ContentLength"))

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        place = self._place(key)
        condition = {} if version is None or version.startswith(_NO_ETAG) else {"IfMatch": f'"{version}"'}
        unfinished = to.with_name(f"{to.name}.part")
        try:
            with _meanings(key):
                answer = self._client.get_object(**place, **condition)
                found = _described(key, answer, size_bytes=_stated(answer, "ContentLength"))
                # Not every server honours the condition, so the answer is looked at as well.
                if version not in (None, found.version):
                    raise ObjectChanged(f"{key} is no longer in version {version}")
                with _room_for(key):
                    _pour(answer["Body"], unfinished, found.size_bytes)
                    unfinished.replace(to)
        finally:
            unfinished.unlink(missing_ok=True)

    def read(self, key: str) -> bytes:
        place = self._place(key)
        with _meanings(key):
            return self._client.get_object(**place)["Body"].read()

    def write(self, key: str, data: bytes) -> None:
        place = self._place(key)
        with _meanings(key):
            self._client.put_object(**place, Body=data)

    def put_file(self, key: str, source: Path) -> None:
        place = self._place(key)
        with _meanings(key), source.open("rb") as file:
            self._client.upload_fileobj(file, place["Bucket"], place["Key"])

    def delete(self, key: str) -> None:
        place = self._place(key)
        with _meanings(key):
            self._client.delete_object(**place)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2")
        with _meanings(prefix):
            for page in pages.paginate(Bucket=self.name, Prefix=self._full(prefix)):
                _stated(page, "IsTruncated")  # a login page of a proxy must not pass for an empty bucket
                for entry in page.get("Contents", ()):
                    key = self.key_in(entry["Key"])
                    if key:
                        yield _described(key, entry, size_bytes=entry["Size"])

    def key_in(self, full_key: str) -> str | None:
        """The key of this store that ``full_key`` of the bucket stands for; nothing if it lies outside ``prefix``."""
        if not self.prefix:
            return full_key
        key = full_key.removeprefix(f"{self.prefix}/")
        return None if key == full_key else key

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self._full(checked_key(key))}

    @cached_property
    def _client(self) -> Any:
        return boto3.client("s3", config=_config(self.patience_s))


def has_etag(found: StoredObject) -> bool:
    """Whether the server itself wrote the object; a file that was put under a gateway's folder by hand has no ETag."""
    return not found.version.startswith(_NO_ETAG)


def _config(patience_s: float) -> Config:
    return Config(
        connect_timeout=min(5.0, patience_s),
        read_timeout=patience_s,
        retries={"mode": "standard", "total_max_attempts": 2},
        # Servers behind a plain host name cannot answer for bucket.host; checksum trailers are news to many.
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _described(key: str, answer: dict[str, Any], *, size_bytes: int) -> StoredObject:
    modified_at: datetime = _stated(answer, "LastModified")
    etag = answer.get("ETag", "").strip('"')
    version = etag or f"{_NO_ETAG}{int(modified_at.timestamp())}-{size_bytes}"
    return StoredObject(key=key, size_bytes=size_bytes, version=version, modified_at=modified_at.astimezone(UTC))


def _stated(answer: dict[str, Any], field: str) -> Any:
    """What every S3 server states of an object; an answer without it comes from something else in between."""
    if field not in answer:
        raise NotNow(f"the object store's answer has no {field}")
    return answer[field]


@contextmanager
def _room_for(key: str) -> Iterator[None]:
    """A full disk is nothing that the object can help."""
    try:
        yield
    except OSError as why:
        raise NotNow(f"{key} could not be kept here: {why.strerror or type(why).__name__}") from why


def _pour(body: Any, to: Path, size_bytes: int) -> None:
    with open_private(to) as file:
        for piece in body.iter_chunks(_PIECE_BYTES):
            file.write(piece)
        if file.tell() != size_bytes:
            raise NotNow(f"the store broke off after {file.tell()} of {size_bytes} bytes")


@contextmanager
def _meanings(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as why:
        raise _meaning_of(why, key) from why
    except (NoCredentialsError, PartialCredentialsError) as why:
        raise LoginRefused("the object store is not asked: boto3's chain holds no credentials (AWS_PROFILE …)") from why
    except _AWAY as why:
        raise NotNow(f"the object store is away: {type(why).__name__}") from why


def _meaning_of(why: ClientError, key: str) -> Exception:
    code = why.response.get("Error", {}).get("Code", "")
    status = why.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if status in _REFUSED_STATUSES and code not in _WAIT_CODES:
        return LoginRefused(f"the object store does not let these credentials do that: {status} {code}")
    if code in _WAIT_CODES or status in _WAIT_STATUSES or status >= 500:
        return NotNow(f"the object store does not serve now: {status} {code}")
    if status == 404:
        return ObjectMissing(f"{key} is not there")
    if status == 412:
        return ObjectChanged(f"{key} was replaced")
    return ValueError(f"the object store refuses {key!r}: {status} {code}")
