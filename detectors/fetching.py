"""Published weights in (addresses, files, folders, archives), verified and converted weights below ``weights`` out."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from contracts.errors import NotNow
from detectors.cards import ConvertedFile, DetectorCard, WeightsFile
from detectors.checkpoints import convert_checkpoint, stored_shapes
from detectors.downloading import tag_file
from detectors.fetch_record import FetchedFile, Record, read_record, write_record
from detectors.registry import REGISTRY
from detectors.sources import OnProgress, WeightsSource, opened, places_of
from detectors.weights import WrongWeights, flaw_of, folder_of, sha256_of

__all__ = ["FetchResult", "FetchedFile", "OnProgress", "WeightsSource", "fetch", "fetch_for", "no_progress"]

Wish = str | Path | WeightsSource | None


@dataclass(frozen=True, kw_only=True)
class FetchResult:
    """What lies in ``folder`` now, and the names of the needed files that are still ``missing``."""

    name: str
    folder: Path
    files: tuple[FetchedFile, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Staged:
    """A verified file beside its place."""

    path: Path
    note: FetchedFile
    replaces: bool


def no_progress(file: str, done_bytes: int, total_bytes: int | None) -> None:
    """The listener that does nothing."""


def fetch(
    name: str, weights: Path, source: Wish = None, on_progress: OnProgress = no_progress, *, replace: bool = False
) -> FetchResult:
    """Get the weights of a detector into ``weights/<name>/`` and note there where they came from.

    ``source`` is nothing (the addresses of the card), the address of a file, of an archive, or of a folder (it ends in
    ``/``), a file, a folder or an archive here, or whatever is a ``WeightsSource``. In folders and archives the files
    may lie at the top, below the detector's name, or below ``weights/`` and that name. A file that is in place already
    is not loaded again. ``on_progress`` hears file name, bytes done and bytes in all, as far as they are known.

    A file that the card does not pin is trusted when it first comes; another one is refused from then on, unless
    ``replace`` says that it is wanted. Files that replace others go into place together, at the end.

    Raises:
        UnknownDetector: no detector has this name.
        WrongWeights: a file is not the one that the card pins or that was fetched before, or its tensors do not fit
            the network; nothing of it is kept.
        DetectorUnavailable: the source does not have the file, or the card gives no address for it.
        NotNow: the source did not answer; a later call goes on where this one stopped.
    """
    return fetch_for(REGISTRY.card(name), weights, source, on_progress, replace=replace)


def fetch_for(
    card: DetectorCard,
    weights: Path,
    source: Wish = None,
    on_progress: OnProgress = no_progress,
    *,
    replace: bool = False,
) -> FetchResult:
    """As :func:`fetch`, for a card."""
    folder = folder_of(card, weights)
    if card.shipped:
        return FetchResult(name=card.spec.name, folder=folder, files=(), missing=())
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        record = read_record(folder)
        if source is None and not replace and not _obtainable(card, folder, record):
            return _result(card, folder)
        with _opened(source, card, folder, on_progress) as offered:
            _bring_all(card, folder, offered, on_progress, asked=source is not None, replace=replace)
    return _result(card, folder)


def _opened(
    source: Wish, card: DetectorCard, folder: Path, on_progress: OnProgress
) -> AbstractContextManager[WeightsSource]:
    if source is None or isinstance(source, str | Path):
        return opened(source, card, scratch=folder, on_progress=on_progress)
    return nullcontext(source)


def _bring_all(
    card: DetectorCard,
    folder: Path,
    source: WeightsSource,
    on_progress: OnProgress,
    *,
    asked: bool,
    replace: bool,
) -> None:
    """Stage every file that the source has and put them in place together.

    After a failure, those that replace nothing are put in place all the same: the next call need not bring them again.
    """
    places = places_of(card, source.names())
    if not places:
        wanted = "; ".join(f"{file.file} (SHA-256 {file.sha256 or 'not pinned'})" for file in card.weights)
        raise WrongWeights(f"the source has none of the files that {card.spec.name!r} needs: {wanted}")
    record = read_record(folder)
    staged: list[_Staged] = []
    try:
        for name, file in places.items():
            there = flaw_of(folder, file, record) is None
            if there and not replace and (file.pinned or not asked):
                continue
            brought = _bring(source, name, file, folder, on_progress)
            if there and not replace:
                _require_as_before(file, brought, record)
            staged.append(_converted(file, brought, folder, source.shown(name), replaces=there))
    except BaseException:
        _put_in_place(card, folder, [one for one in staged if not one.replaces])
        raise
    else:
        _put_in_place(card, folder, staged)
    finally:
        for one in staged:
            one.path.unlink(missing_ok=True)


def _bring(source: WeightsSource, name: str, file: WeightsFile, folder: Path, on_progress: OnProgress) -> Path:
    """The original, verified as far as the card pins it."""
    original = folder / f"{_flat(file.file)}.part"
    source.bring(
        name,
        original,
        expected_bytes=file.bytes,
        on_bytes=lambda done_bytes, total: on_progress(file.file, done_bytes, file.bytes or total),
    )
    found = sha256_of(original)
    if file.sha256 not in (None, found):
        _forget(original)
        raise WrongWeights(f"{source.shown(name)} has SHA-256 {found}, but {file.file} must have {file.sha256}")
    return original


def _require_as_before(file: WeightsFile, original: Path, record: Record) -> None:
    """A file that the card does not pin is the one that was trusted first."""
    before, found = record[file.loaded_file].original_sha256, sha256_of(original)
    if found != before:
        _forget(original)
        raise WrongWeights(
            f"{file.file} has SHA-256 {found}, but the one that was fetched first and trusted since has {before}; "
            "--replace takes the new one"
        )


def _converted(file: WeightsFile, original: Path, folder: Path, shown: str, *, replaces: bool) -> _Staged:
    """The file as it will be loaded, beside its place; the original is gone then."""
    fresh = folder / f"{_flat(file.loaded_file)}.new"
    original_sha256 = sha256_of(original)
    called = file.file if shown.endswith(file.file) else f"{shown} (as {file.file})"
    try:
        if file.checkpoint:
            convert_checkpoint(original, fresh, file.checkpoint, name=called)
        elif file.converted:
            _convert(original, file.converted, fresh)
        else:
            if not file.pinned and file.file.endswith(".safetensors"):
                stored_shapes(original, called)
            original.replace(fresh)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        _forget(original)
    note = FetchedFile(
        file=file.loaded_file,
        sha256=sha256_of(fresh),
        original=file.file,
        original_sha256=original_sha256,
        fetched_from=shown,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return _Staged(path=fresh, note=note, replaces=replaces)


def _convert(original: Path, converted: ConvertedFile, to: Path) -> None:
    from safetensors.numpy import save

    module, function = converted.converter.split(":")
    to.write_bytes(save(getattr(import_module(module), function)(original)))
    if (found := sha256_of(to)) != converted.sha256:
        raise WrongWeights(f"{converted.file} came out with SHA-256 {found} instead of {converted.sha256}")


def _put_in_place(card: DetectorCard, folder: Path, staged: list[_Staged]) -> None:
    if not staged:
        return
    record = read_record(folder)
    for one in staged:
        place = folder / one.note.file
        place.parent.mkdir(parents=True, exist_ok=True)
        one.path.replace(place)
        record[one.note.file] = one.note
    write_record(folder, card, record)


def _obtainable(card: DetectorCard, folder: Path, record: Record) -> bool:
    """Whether anything is not in place that is needed or has an address."""
    return any((file.url or not file.optional) and flaw_of(folder, file, record) for file in card.weights)


def _missing(card: DetectorCard, folder: Path, record: Record) -> tuple[str, ...]:
    return tuple(file.file for file in card.weights if not file.optional and flaw_of(folder, file, record))


def _result(card: DetectorCard, folder: Path) -> FetchResult:
    record = read_record(folder)
    there = [file for file in card.weights if flaw_of(folder, file, record) is None]
    return FetchResult(
        name=card.spec.name,
        folder=folder,
        files=tuple(record[file.loaded_file] for file in there if file.loaded_file in record),
        missing=_missing(card, folder, record),
    )


def _flat(file: str) -> str:
    return file.replace("/", "--")


def _forget(original: Path) -> None:
    original.unlink(missing_ok=True)
    tag_file(original).unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One fetch at a time per folder. Raises ``NotNow`` while another one is at work."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as why:
        raise NotNow(f"another fetch is at work in {folder}; try again when it is done") from why
    finally:
        os.close(held)
