"""A bucket in memory that can be away; it records what it was asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from contracts.errors import NotNow, ObjectMissing
from ingest.object_store import StoredObject, checked_key

LONG_AGO = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


@dataclass
class FakeStore:
    """Objects by key, each a version and its bytes."""

    name: str = "incoming"
    kind: str = "s3"
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    is_away: bool = False

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    @property
    def bucket(self) -> str:
        return self.name

    def key_in(self, full_key: str) -> str | None:
        return full_key

    def stat(self, key: str) -> StoredObject:
        self._serve()
        if checked_key(key) not in self.objects:
            raise ObjectMissing(key)
        version, data = self.objects[key]
        return StoredObject(key, len(data), version, LONG_AGO)

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        to.write_bytes(self.read(key))

    def read(self, key: str) -> bytes:
        self.stat(key)
        return self.objects[key][1]

    def write(self, key: str, data: bytes) -> None:
        self._serve()
        self.objects[key] = (f"v{len(self.objects)}-{len(data)}", data)

    def put_file(self, key: str, source: Path) -> None:
        self.write(key, source.read_bytes())

    def delete(self, key: str) -> None:
        self._serve()
        self.objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        self._serve()
        for key in list(self.objects):
            if key.startswith(prefix):
                yield self.stat(key)

    def _serve(self) -> None:
        if self.is_away:
            raise NotNow("the store is away")
