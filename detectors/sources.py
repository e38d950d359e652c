"""What somebody names as the place of published weights in, a source that has files and gives them out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from contracts.errors import DetectorUnavailable, NotNow
from detectors.archives import Archive, is_archive, is_archive_name, pour
from detectors.cards import DetectorCard, WeightsFile
from detectors.downloading import download
from detectors.weights import WrongWeights, sha256_of

OnBytes = Callable[[int, int | None], None]
OnProgress = Callable[[str, int, int | None], None]


class WeightsSource(Protocol):
    """A place that holds files under names, in ``/``-separated parts."""

    def names(self) -> Sequence[str]:
        """The names of the files that it has, in the order in which they are best brought."""
        ...

    def bring(self, name: str, to: Path, *, expected_bytes: int | None, on_bytes: OnBytes) -> None:
        """Write one file to ``to``, or go on with what lies there. Raises ``NotNow``, ``DetectorUnavailable``."""
        ...

    def shown(self, name: str) -> str:
        """Where the file comes from, in words that hold no secret."""
        ...


@dataclass(frozen=True)
class FilesOnDisk:
    """Files by name."""

    paths: dict[str, Path]

    def names(self) -> Sequence[str]:
        return tuple(self.paths)

    def bring(self, name: str, to: Path, *, expected_bytes: int | None, on_bytes: OnBytes) -> None:
        with self.paths[name].open("rb") as original, to.open("wb") as copy:
            pour(original, copy, self.paths[name].stat().st_size, on_bytes)

    def shown(self, name: str) -> str:
        return str(self.paths[name])


@dataclass(frozen=True)
class FilesOnTheWeb:
    """Addresses by name."""

    addresses: dict[str, str]

    def names(self) -> Sequence[str]:
        return tuple(self.addresses)

    def bring(self, name: str, to: Path, *, expected_bytes: int | None, on_bytes: OnBytes) -> None:
        download(self.addresses[name], to, expected_bytes=expected_bytes, on_progress=on_bytes)

    def shown(self, name: str) -> str:
        return without_secrets(self.addresses[name])


@dataclass(frozen=True)
class FilesInArchive:
    """The members of an archive."""

    archive: Archive

    def names(self) -> Sequence[str]:
        return self.archive.names()

    def bring(self, name: str, to: Path, *, expected_bytes: int | None, on_bytes: OnBytes) -> None:
        self.archive.bring(name, to, on_bytes)

    def shown(self, name: str) -> str:
        return f"{self.archive.shown}, {name}"


@contextmanager
def opened(
    wish: str | Path | None, card: DetectorCard, *, scratch: Path, on_progress: OnProgress
) -> Iterator[WeightsSource]:
    """The source that somebody means: nothing (what the card knows), an address, a file, a folder, an archive.

    An archive on the web is loaded into ``scratch`` first and does not stay there, unless the loading breaks off.

    Raises:
        DetectorUnavailable: there is no such place, or the card knows none.
        WrongWeights: the place is a file, and none that the detector needs.
        NotNow: the source did not answer.
    """
    place = _known_place(card) if wish is None else wish
    if isinstance(place, FilesOnTheWeb):
        yield place
    elif not is_address(place):
        yield _on_disk(Path(place), card)
    elif (files := _on_the_web(str(place), card)) is not None:
        yield files
    else:
        with _archive_on_the_web(str(place), scratch, on_progress) as archive:
            yield FilesInArchive(archive)


def is_address(wish: str | Path) -> bool:
    """Whether a place is one on the web."""
    return isinstance(wish, str) and wish.startswith(("http://", "https://"))


def without_secrets(address: str) -> str:
    """An address without user, password and query."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def places_of(card: DetectorCard, names: Sequence[str]) -> dict[str, WeightsFile]:
    """Which of the names in a source are files of the card, in the source's order.

    A file may lie at the top, below the detector's name, below ``weights/`` and that name, or deeper still, as long as
    it is clear which one is meant. Raises ``WrongWeights`` where it is not.
    """
    found = {place: file for file in card.weights if (place := _place_of(file.file, card.spec.name, names))}
    return {name: found[name] for name in names if name in found}


def _place_of(file: str, detector: str, names: Sequence[str]) -> str | None:
    for place in (file, f"{detector}/{file}", f"weights/{detector}/{file}"):
        if place in names:
            return place
    fitting = [name for name in names if name.endswith(f"/{file}")]
    fitting = [name for name in fitting if name.endswith(f"/{detector}/{file}")] or fitting
    if len(fitting) > 1:
        raise WrongWeights(f"which one is {file}? The source has {', '.join(fitting[:5])}")
    return fitting[0] if fitting else None


def _known_place(card: DetectorCard) -> FilesOnTheWeb | str:
    """The files at their addresses, else the address of the archive."""
    addresses = {file.file: file.url for file in card.weights if file.url}
    homeless = [file.file for file in card.weights if not file.url and not file.optional]
    if homeless and card.archive_url:
        return card.archive_url
    if homeless:
        raise DetectorUnavailable(
            f"no address is known for {', '.join(homeless)}: name a file, a folder or an archive that holds it"
        )
    return FilesOnTheWeb(addresses)


def _on_disk(path: Path, card: DetectorCard) -> WeightsSource:
    if not path.exists():
        raise DetectorUnavailable(f"there is no file or folder {path}")
    if path.is_dir():
        folders = (path, path / card.spec.name, path / "weights" / card.spec.name)
        return FilesOnDisk(
            {
                file.file: place
                for file in card.weights
                if (place := next((at for folder in folders if (at := folder / file.file).is_file()), None))
            }
        )
    known = [file for file in card.weights if file.sha256 and file.sha256 == sha256_of(path)]
    if known:
        return FilesOnDisk({known[0].file: path})
    if not _named(path.as_posix(), card) and is_archive_name(path.name) and is_archive(path):
        return FilesInArchive(Archive(path, str(path)))
    return FilesOnDisk({_meant(path.absolute().as_posix(), str(path), card).file: path})


def _on_the_web(address: str, card: DetectorCard) -> WeightsSource | None:
    """Nothing where the address is that of an archive."""
    path = unquote(urlsplit(address).path)
    if path.endswith("/"):
        return FilesOnTheWeb({file.file: f"{address}{file.file}" for file in card.weights if not file.optional})
    if not _named(path, card) and is_archive_name(path):
        return None
    return FilesOnTheWeb({_meant(path, without_secrets(address), card).file: address})


def _named(path: str, card: DetectorCard) -> list[WeightsFile]:
    """The files of the card that a path can be: those with its longest common end, else of its own name."""
    whole = [file for file in card.weights if f"/{path}".endswith(f"/{file.file}")]
    return whole or [file for file in card.weights if PurePosixPath(file.file).name == PurePosixPath(path).name]


def _meant(path: str, shown: str, card: DetectorCard) -> WeightsFile:
    """The one file of the card that a single file is meant to be; where only one can be, under any name."""
    named = _named(path, card)
    needed = [file for file in card.weights if not file.optional]
    if not named and len(needed) == 1 and needed[0].sha256 is None:
        return needed[0]
    if len(named) == 1:
        return named[0]
    wanted = "; ".join(f"{file.file} (SHA-256 {file.sha256 or 'not pinned'})" for file in named or card.weights)
    raise WrongWeights(f"{shown} is none of the files that {card.spec.name!r} needs: {wanted}")


@contextmanager
def _archive_on_the_web(address: str, scratch: Path, on_progress: OnProgress) -> Iterator[Archive]:
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    to = scratch / f"{name}.part"
    download(
        address, to, expected_bytes=None, on_progress=lambda done_bytes, total: on_progress(name, done_bytes, total)
    )
    kept = False
    try:
        yield Archive(to, without_secrets(address))
    except NotNow:
        kept = True
        raise
    finally:
        if not kept:
            to.unlink()
