"""Videos and pictures in, their faces out: searched once per content and settings, then read from the cache folder.

``CACHE/labelled/SETTINGS/ab/abcd.../`` holds the faces of the file whose SHA-256 is ``abcd...``: one PNG per face and a
line in ``faces.jsonl`` that says where it is in the picture. The folder appears whole or not at all.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import av.error
import cv2
import numpy as np
import structlog
from PIL import Image, ImageOps

from contracts.clips import Pixels
from detectors.training.faces import FaceSearch, LocatedFace, cut_out, located, read_picture, scaled, stored
from detectors.training.footage import spread_frames
from detectors.training.labelled.media import is_picture

LABELLED = "labelled"
_LINES = "faces.jsonl"
_HASHES = "hashes.jsonl"
_LOCATOR = "facenet-pytorch MTCNN"


log = structlog.get_logger(__name__)


class MediaUnreadable(ValueError):
    """A video or picture cannot be decoded; the message says why."""


class Search(Protocol):
    """What finds faces: ``detectors.training.faces.FaceSearch`` or one that counts what it is asked."""

    def largest(self, pixels: Pixels, person: str = "") -> LocatedFace | None: ...


@dataclass(frozen=True, slots=True)
class CropSettings:
    """What decides which faces are kept and how; crops of other settings are other crops.

    ``frames`` are looked at per video; ``margin`` times its size is kept around a face; smaller faces than
    ``least_face_px`` are left, larger ones than ``most_face_px`` shrunk to it. ``locator`` names what found them.
    """

    frames: int
    margin: float = 0.8
    least_face_px: float = 32.0
    most_face_px: float = 300.0
    locator: str = f"{_LOCATOR} {version('facenet-pytorch')}"

    @property
    def key(self) -> str:
        """16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Crops:
    """The faces of one file: ``lines`` tell of each, its picture lies in ``folder``."""

    folder: Path
    lines: tuple[dict[str, Any], ...]
    was_searched: bool = False

    def face(self, at: int) -> LocatedFace:
        """Face number ``at``. Raises ``FileNotFoundError`` when its picture is gone from the cache."""
        return located(read_picture(self.folder / self.lines[at]["file"]), self.lines[at])


class CropCache:
    """The crops of files under one folder; searches with ``search`` what is not there yet."""

    def __init__(self, cache: Path, settings: CropSettings, search: Search | None = None) -> None:
        self.folder, self._settings = cache / LABELLED, settings
        self._search: Search = search or FaceSearch()
        self._hashes = _HashBook(self.folder / _HASHES)

    def crops_of(self, path: Path, person: str = "") -> Crops:
        """The largest sure face of each frame that is looked at; none where no face is large and sure enough.

        Raises:
            MediaUnreadable: the file cannot be decoded. That is found out anew each time.
        """
        content = self.sha256_of(path)
        folder = self.folder / self._settings.key / content[:2] / content
        lines = _read_lines(folder)
        if lines is not None:
            return Crops(folder, lines)
        _keep(self._found(path, person), folder, self._settings.margin)
        return Crops(folder, _read_lines(folder) or (), was_searched=True)

    def sha256_of(self, path: Path) -> str:
        """The SHA-256 of a file's content; read again only when its size or time changed.

        Raises:
            MediaUnreadable: the file cannot be read.
        """
        try:
            return self._hashes.sha256_of(path)
        except OSError as why:
            raise MediaUnreadable(f"it cannot be read: {why.strerror or why}") from why

    @contextmanager
    def held(self) -> Iterator[None]:
        """Only one process at a time adds to the cache; others wait, then find what it found."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("another run is finding labelled faces; waiting for it", cache=str(self.folder))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _found(self, path: Path, person: str) -> Iterator[tuple[str, LocatedFace]]:
        for at, pixels in _pictures_of(path, self._settings.frames):
            face = self._search.largest(pixels, person)
            if face is not None and face.size_px >= self._settings.least_face_px:
                yield f"{at:05d}.png", scaled(face, min(1.0, self._settings.most_face_px / face.size_px))


class _HashBook:
    """SHA-256 of files, noted with size and time of change, so that a large collection is not read at every start."""

    def __init__(self, book: Path) -> None:
        self._book = book
        self._known = {line["path"]: line for line in _whole_lines(book)}

    def sha256_of(self, path: Path) -> str:
        name, state = str(path.resolve()), path.stat()
        line = self._known.get(name)
        if line is None or (line["bytes"], line["changed_ns"]) != (state.st_size, state.st_mtime_ns):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            line = {"path": name, "bytes": state.st_size, "changed_ns": state.st_mtime_ns, "sha256": content}
            self._known[name] = line
            self._book.parent.mkdir(parents=True, exist_ok=True)
            with self._book.open("a", encoding="utf-8") as book:
                # The line break comes first, so that a line which a kill cut short spoils only itself.
                book.write(f"\n{json.dumps(line)}")
        return line["sha256"]


def _whole_lines(book: Path) -> Iterator[dict[str, Any]]:
    lines = book.read_text(encoding="utf-8").splitlines() if book.is_file() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        yield entry


def _read_lines(folder: Path) -> tuple[dict[str, Any], ...] | None:
    lines = folder / _LINES
    if not lines.is_file():
        return None
    return tuple(json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines())


def _keep(found: Iterator[tuple[str, LocatedFace]], folder: Path, margin: float) -> None:
    """Write everything beside the folder, then give it its name."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with (part / _LINES).open("w", encoding="utf-8") as lines:
            for file, face in found:
                cut = cut_out(face, margin)
                _, png = cv2.imencode(".png", cv2.cvtColor(cut.pixels, cv2.COLOR_RGB2BGR))
                (part / file).write_bytes(png.tobytes())
                lines.write(f"{stored(cut, file)}\n")
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _pictures_of(path: Path, frames: int) -> list[tuple[int, Pixels]]:
    """The frames to look at with their numbers. Raises ``MediaUnreadable``."""
    try:
        pictures = [(0, _picture(path))] if is_picture(path) else spread_frames(path, frames)
    # Pillow has no one error for broken files; a film without a video track has no first one.
    except (av.error.FFmpegError, OSError, SyntaxError, ValueError, IndexError, Image.DecompressionBombError) as why:
        told = getattr(why, "strerror", None) or str(why) or type(why).__name__
        raise MediaUnreadable(f"it cannot be decoded: {told}") from why
    if not pictures:
        raise MediaUnreadable("it cannot be decoded: no frame came out")
    return pictures


def _picture(path: Path) -> Pixels:
    """H x W x 3 uint8 RGB, upright; unlike OpenCV, Pillow refuses a picture whose end is missing."""
    with Image.open(path) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), np.uint8)
