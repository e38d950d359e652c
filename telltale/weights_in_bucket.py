"""An ``s3://NAME[/PREFIX]`` address in, the published weights below it out, as a source to fetch from.

Endpoint and credentials come from boto3's own chain.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contracts.errors import DetectorUnavailable, NotNow
from detectors.downloading import begun_bytes, tag_file

_PIECE_BYTES = 1 << 20
_MOST_NAMES = 50_000
_REPLACED_MEANWHILE = (412, 416)


def is_bucket(wish: str) -> bool:
    """Whether an address is that of a bucket."""
    return wish.startswith("s3://")


@dataclass(frozen=True)
class WeightsInBucket:
    """The objects below a prefix, by their names behind it; the prefix may be the key of one object."""

    address: str

    def names(self) -> Sequence[str]:
        """Raises ``DetectorUnavailable`` where nothing lies there, ``NotNow`` while the store is away."""
        try:
            names = tuple(self._keys)
        except (ClientError, BotoCoreError) as why:
            raise _meaning_of(why, self.address) from why
        if not names:
            raise DetectorUnavailable(f"there is nothing at {self.address}")
        return names

    def bring(
        self, name: str, to: Path, *, expected_bytes: int | None, on_bytes: Callable[[int, int | None], None]
    ) -> None:
        """Write one object to ``to``, or the rest of it if ``to`` is the beginning of the same object."""
        try:
            self._load(self._keys[name], to, on_bytes)
        except (ClientError, BotoCoreError) as why:
            raise _meaning_of(why, self.shown(name)) from why

    def shown(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._keys[name]}"

    def _load(self, key: str, to: Path, on_bytes: Callable[[int, int | None], None]) -> None:
        have = begun_bytes(to, expected_bytes=None)
        rest = {"Range": f"bytes={have}-", "IfMatch": tag_file(to).read_text(encoding="ascii")} if have else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **rest)
        except ClientError as why:
            if not have or _status_of(why) not in _REPLACED_MEANWHILE:
                raise
            tag_file(to).unlink()
            return self._load(key, to, on_bytes)
        if tag := answer.get("ETag"):
            tag_file(to).write_text(tag, encoding="ascii")
        with to.open("ab" if have else "wb") as out:
            for piece in answer["Body"].iter_chunks(_PIECE_BYTES):
                out.write(piece)
                on_bytes(out.tell(), have + answer["ContentLength"])
        return tag_file(to).unlink(missing_ok=True)

    @property
    def _bucket(self) -> str:
        return self.address.removeprefix("s3://").partition("/")[0]

    @cached_property
    def _keys(self) -> dict[str, str]:
        prefix = self.address.removeprefix("s3://").partition("/")[2].strip("/")
        below = f"{prefix}/" if prefix else ""
        found = {key.removeprefix(below): key for key in self._listed(below)}
        return found or {key.rpartition("/")[2]: key for key in self._listed(prefix) if key == prefix}

    def _listed(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        entries = (entry for page in pages for entry in page.get("Contents", ()))
        yield from (entry["Key"] for entry in itertools.islice(entries, _MOST_NAMES))

    @cached_property
    def _client(self) -> Any:
        settings = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"},
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", config=settings)


def _status_of(why: Exception) -> int:
    return why.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) if isinstance(why, ClientError) else 0


def _meaning_of(why: Exception, shown: str) -> Exception:
    status = _status_of(why)
    if status in (403, 404):
        return DetectorUnavailable(f"{shown} is not to be had: the store answered {status}")
    return NotNow(f"the store of {shown} does not deliver ({type(why).__name__}); try again")
