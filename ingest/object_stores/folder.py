"""A folder as a bucket: files in, objects out; a file's version is its modification time and size."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.errors import NotNow, ObjectChanged, ObjectMissing
from ingest.object_store import StoredObject, checked_key, open_private

_UNFINISHED = ".part"


@dataclass(frozen=True)
class FolderStore:
    """The files under ``root``; links that lead out of it are no objects."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> "FolderStore":
        root.mkdir(parents=True, exist_ok=True)
        return cls(root.resolve())

    @property
    def url(self) -> str:
        return str(self.root)

    @property
    def bucket(self) -> str:
        return self.root.name

    @property
    def kind(self) -> str:
        return "folder"

    def stat(self, key: str) -> StoredObject:
        path = self.path_of(key)
        with _meanings(key, self.root):
            if not path.is_file():
                raise FileNotFoundError(errno.ENOENT, "no such file")
            return _described(key, path.stat())

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        path = self.path_of(key)
        with _meanings(key, self.root), path.open("rb") as source, _whole(to) as unfinished:
            # The open file is looked at, before and after: a rewrite in between must not pass as the old version.
            before = _described(key, os.fstat(source.fileno()))
            with open_private(unfinished) as target:
                shutil.copyfileobj(source, target, 1 << 20)
            after = _described(key, os.fstat(source.fileno()))
            if before != after or version not in (None, before.version):
                raise ObjectChanged(f"{key} is no longer in version {version or before.version}")

    def read(self, key: str) -> bytes:
        path = self.path_of(key)
        with _meanings(key, self.root):
            return path.read_bytes()

    def write(self, key: str, data: bytes) -> None:
        self._place(key, lambda unfinished: unfinished.write_bytes(data))

    def put_file(self, key: str, source: Path) -> None:
        self._place(key, lambda unfinished: shutil.copyfile(source, unfinished))

    def delete(self, key: str) -> None:
        path = self.path_of(key)
        with _meanings(key, self.root):
            if path.is_file():
                path.unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        with _meanings(prefix, self.root):
            yield from self._walk(prefix)

    def path_of(self, key: str) -> Path:
        """The file that ``key`` names, inside ``root`` whatever links say."""
        steps = checked_key(key).split("/")
        if "" in steps:
            raise ValueError(f"not an object key: {key!r}")
        path = self.root.joinpath(*steps)
        try:
            leads_to = path.resolve()
        except (OSError, RuntimeError) as why:
            raise ValueError(f"{key!r} cannot be followed: its links go in a circle, or it is too long") from why
        if not leads_to.is_relative_to(self.root):
            raise ValueError(f"{key!r} leads out of its bucket")
        return path

    def key_of(self, path: Path) -> str:
        """The key of a file under ``root``; raises ``ValueError`` for any other path or one that is not text."""
        key = path.relative_to(self.root).as_posix()
        key.encode()
        return key

    def _place(self, key: str, fill: Callable[[Path], object]) -> None:
        path = self.path_of(key)
        with _meanings(key, self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            with _whole(path) as unfinished:
                fill(unfinished)

    def _walk(self, prefix: str) -> Iterator[StoredObject]:
        if not self.root.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the bucket's folder is away")
        start = self.root.joinpath(*[step for step in prefix.split("/")[:-1] if step not in ("", ".", "..")])
        for folder, _, names in os.walk(start):
            for name in names:
                found = self._seen(Path(folder, name))
                if found is not None and found.key.startswith(prefix):
                    yield found

    def _seen(self, path: Path) -> StoredObject | None:
        if path.name.startswith(".") and path.name.endswith(_UNFINISHED):
            return None
        try:
            return self.stat(self.key_of(path))
        except (ObjectMissing, ValueError):
            return None  # gone since the folder was read, a link that leads out, or a name that is no text


def _described(key: str, facts: os.stat_result) -> StoredObject:
    return StoredObject(
        key=key,
        size_bytes=facts.st_size,
        version=f"{facts.st_mtime_ns}-{facts.st_size}",
        modified_at=datetime.fromtimestamp(facts.st_mtime, UTC),
    )


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A place to write to that becomes ``path`` only when everything is written."""
    unfinished = path.with_name(f".{secrets.token_hex(8)}{_UNFINISHED}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _meanings(key: str, root: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as why:
        if not root.is_dir():
            raise NotNow(f"the folder of bucket {root.name} is away") from why
        raise ObjectMissing(f"{key} is not there") from why
    except OSError as why:
        if why.errno == errno.ENAMETOOLONG:
            raise ValueError(f"not an object key here, too long: {key[:80]!r}…") from why
        raise NotNow(f"{key}: {why.strerror}") from why
