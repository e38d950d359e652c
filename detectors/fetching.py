"""Published weights in (an address, a file, a folder), verified and converted weights below ``weights`` out."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from contracts.errors import DetectorUnavailable
from detectors.cards import ConvertedFile, DetectorCard, WeightsFile
from detectors.downloading import download
from detectors.registry import REGISTRY
from detectors.weights import WrongWeights, folder_of, sha256_of

OnProgress = Callable[[str, int, int], None]
RECORD = "fetched.json"
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FetchedFile:
    """One weights file that lies in place: what it is, and where its original came from."""

    file: str
    sha256: str
    original: str
    original_sha256: str
    fetched_from: str
    fetched_at: str


@dataclass(frozen=True, kw_only=True)
class FetchResult:
    """What a fetch has put into ``folder``, and the names of the files that are still ``missing``."""

    name: str
    folder: Path
    files: tuple[FetchedFile, ...]
    missing: tuple[str, ...]


def no_progress(file: str, done_bytes: int, total_bytes: int) -> None:
    """The listener that does nothing."""


def fetch(
    name: str, weights: Path, source: str | Path | None = None, on_progress: OnProgress = no_progress
) -> FetchResult:
    """Get the weights of a detector into ``weights/<name>/`` and note there where they came from.

    ``source`` is nothing (the addresses of the card), the address of one file, an address that ends in ``/`` and to
    which file names are added, a file, or a folder with files of the card's names. A file that is in place already is
    not fetched again. ``on_progress`` hears file name, bytes done and bytes in all.

    Raises:
        UnknownDetector: no detector has this name.
        WrongWeights: a file is not the one that the card pins; nothing of it is kept.
        DetectorUnavailable: the source does not have the file, or the card gives no address for it.
        NotNow: the source did not answer; a later call goes on where this one stopped.
    """
    return fetch_for(REGISTRY.card(name), weights, source, on_progress)


def fetch_for(
    card: DetectorCard, weights: Path, source: str | Path | None = None, on_progress: OnProgress = no_progress
) -> FetchResult:
    """As :func:`fetch`, for a card."""
    folder = folder_of(card, weights)
    if card.shipped:
        return FetchResult(name=card.spec.name, folder=folder, files=(), missing=())
    folder.mkdir(parents=True, exist_ok=True)
    record = _read_record(folder)
    for file in _offered(card, source):
        if not _in_place(folder, file):
            record[file.loaded_file] = _bring(file, _place_of(file, source), folder, on_progress)
            _write_record(folder, card, record)
    there = [file for file in card.weights if _in_place(folder, file)]
    return FetchResult(
        name=card.spec.name,
        folder=folder,
        files=tuple(record[file.loaded_file] for file in there if file.loaded_file in record),
        missing=tuple(file.file for file in card.weights if file not in there),
    )


def _in_place(folder: Path, file: WeightsFile) -> bool:
    path = folder / file.loaded_file
    return path.is_file() and sha256_of(path) == file.loaded_sha256


def _offered(card: DetectorCard, source: str | Path | None) -> tuple[WeightsFile, ...]:
    """The files of the card that this source is to give: all of them, those in a folder, or the one that a file is."""
    if source is None or (_is_address(source) and _is_folder(source)):
        return card.weights
    found = tuple(file for file in card.weights if _holds(source, file))
    if not found:
        wanted = "; ".join(f"{file.file} (SHA-256 {file.sha256})" for file in card.weights)
        raise WrongWeights(f"{_shown(source)} has none of the files that {card.spec.name!r} needs: {wanted}")
    return found


def _holds(source: str | Path, file: WeightsFile) -> bool:
    if _is_address(source):
        return Path(urlsplit(str(source)).path).name == file.file
    path = Path(source)
    if not path.exists():
        raise DetectorUnavailable(f"there is no file or folder {path}")
    return (path / file.file).is_file() if path.is_dir() else sha256_of(path) == file.sha256


def _is_address(source: str | Path) -> bool:
    return isinstance(source, str) and source.startswith(("http://", "https://"))


def _is_folder(source: str | Path) -> bool:
    return str(source).endswith("/") if _is_address(source) else Path(source).is_dir()


def _place_of(file: WeightsFile, source: str | Path | None) -> str | Path:
    """Where one file is to be had: an address as ``str``, a file as ``Path``."""
    if source is None:
        if file.url is None:
            raise DetectorUnavailable(f"no address is known for {file.file}: name a file or folder that holds it")
        return file.url
    if _is_address(source):
        return f"{source}{file.file}" if _is_folder(source) else str(source)
    return Path(source) / file.file if _is_folder(source) else Path(source)


def _bring(file: WeightsFile, place: str | Path, folder: Path, on_progress: OnProgress) -> FetchedFile:
    def on_bytes(done_bytes: int) -> None:
        on_progress(file.file, done_bytes, file.bytes)

    original = folder / f"{file.file}.part"
    if isinstance(place, Path):
        _copy(place, original, on_bytes)
    else:
        download(place, original, expected_bytes=file.bytes, on_progress=on_bytes)
    if sha256_of(original) != file.sha256:
        found = sha256_of(original)
        original.unlink()
        raise WrongWeights(f"{_shown(place)} has SHA-256 {found}, but {file.file} must have {file.sha256}")
    if file.converted:
        _convert(original, file.converted, folder)
        original.unlink()
    else:
        original.replace(folder / file.file)
    return _noted(file, place)


def _copy(place: Path, to: Path, on_bytes: Callable[[int], None]) -> None:
    with place.open("rb") as original, to.open("wb") as copy:
        while block := original.read(_COPY_BYTES):
            copy.write(block)
            on_bytes(copy.tell())


def _convert(original: Path, converted: ConvertedFile, folder: Path) -> None:
    from safetensors.numpy import save

    module, function = converted.converter.split(":")
    fresh = folder / f"{converted.file}.part"
    fresh.write_bytes(save(getattr(import_module(module), function)(original)))
    if (found := sha256_of(fresh)) != converted.sha256:
        fresh.unlink()
        raise WrongWeights(f"{converted.file} came out with SHA-256 {found} instead of {converted.sha256}")
    fresh.replace(folder / converted.file)


def _noted(file: WeightsFile, place: str | Path) -> FetchedFile:
    return FetchedFile(
        file=file.loaded_file,
        sha256=file.loaded_sha256,
        original=file.file,
        original_sha256=file.sha256,
        fetched_from=_shown(place),
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _shown(place: str | Path) -> str:
    """An address without user, password and query, which may hold secrets; a path as it is."""
    if not _is_address(place):
        return str(place)
    parts = urlsplit(str(place))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _read_record(folder: Path) -> dict[str, FetchedFile]:
    path = folder / RECORD
    if not path.is_file():
        return {}
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return {entry["file"]: FetchedFile(**entry) for entry in files}


def _write_record(folder: Path, card: DetectorCard, record: dict[str, FetchedFile]) -> None:
    body = {
        "detector": card.spec.name,
        "version": card.spec.version,
        "files": [asdict(record[file]) for file in sorted(record)],
    }
    fresh = folder / f"{RECORD}.part"
    fresh.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    fresh.replace(folder / RECORD)
