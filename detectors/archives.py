"""A tar or zip file in, its plain files by name out; nothing is ever unpacked by the names that it brings along."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from detectors.weights import WrongWeights

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
MOST_FILE_BYTES = 8 * 2**30
_MOST_BYTES = 64 * 2**30
_MOST_MEMBERS = 20_000
_BLOCK_BYTES = 1 << 20
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError)

OnBytes = Callable[[int, int | None], None]


def is_archive_name(name: str) -> bool:
    """Whether a name says archive; ``x.pth.tar`` is what many call a torch checkpoint."""
    return name.endswith(SUFFIXES) and not name.endswith((".pth.tar", ".pt.tar"))


def is_archive(path: Path) -> bool:
    """Whether a file is a tar, or a zip that torch did not write."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return not any(name.endswith("/data.pkl") for name in archive.namelist())
    return tarfile.is_tarfile(path)


@dataclass(frozen=True)
class Archive:
    """The plain files of an archive, which messages call ``shown``.

    Raises:
        WrongWeights: it is damaged, holds far too much, or a member whose name leads out of it.
    """

    path: Path
    shown: str

    def names(self) -> tuple[str, ...]:
        """The members that are plain files, in the order in which they are quickly read."""
        with _reading(self.path, self.shown) as members:
            return tuple(name for name, _, _ in members)

    def bring(self, name: str, to: Path, on_bytes: OnBytes) -> None:
        """Write one member to ``to``."""
        with _reading(self.path, self.shown) as members:
            for found, size_bytes, opened in members:
                if found == name:
                    with opened() as source, to.open("wb") as out:
                        pour(source, out, size_bytes, on_bytes)
                    return
        raise WrongWeights(f"{self.shown} has no plain file {name}")


def pour(source: IO[bytes], out: IO[bytes], size_bytes: int, on_bytes: OnBytes) -> None:
    """Copy ``size_bytes`` in blocks. Raises ``WrongWeights`` where there are fewer."""
    left = size_bytes
    while left:
        block = source.read(min(_BLOCK_BYTES, left))
        if not block:
            raise WrongWeights(f"the file ends {left} of {size_bytes} bytes too early")
        out.write(block)
        left -= len(block)
        on_bytes(size_bytes - left, size_bytes)


Member = tuple[str, int, Callable[[], IO[bytes]]]


@contextmanager
def _reading(path: Path, shown: str) -> Iterator[Iterator[Member]]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                yield _bounded(_of_zip(zipped), shown)
        else:
            with tarfile.open(path) as tar:
                yield _bounded(_of_tar(tar), shown)
    except _DAMAGED as why:
        raise WrongWeights(f"{shown} is damaged, or no archive ({type(why).__name__})") from why


def _of_zip(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        kind = info.external_attr >> 28
        if not info.is_dir() and kind in (0, 0o10):  # unknown, or a plain file; the rest are links and devices
            yield info.filename, info.file_size, lambda info=info: archive.open(info)


def _of_tar(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        if info.isreg() and not info.issparse():
            yield info.name, info.size, lambda info=info: _opened(archive, info)


def _opened(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    source = archive.extractfile(info)
    if source is None:
        raise tarfile.ReadError(info.name)
    return source


def _bounded(members: Iterator[Member], shown: str) -> Iterator[Member]:
    total_bytes = 0
    for count, (name, size_bytes, opened) in enumerate(members):
        total_bytes += size_bytes
        if count >= _MOST_MEMBERS or total_bytes > _MOST_BYTES or size_bytes > MOST_FILE_BYTES:
            raise WrongWeights(f"{shown} holds far more than the weights of a detector")
        plain = PurePosixPath(name.replace("\\", "/"))
        if plain.is_absolute() or ".." in plain.parts:
            raise WrongWeights(f"{shown} holds {name!r}, which leads out of it")
        yield name.removeprefix("./"), size_bytes, opened
