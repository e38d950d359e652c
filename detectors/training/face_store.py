"""Portraits and clips in, located faces out: searched once by MTCNN, then kept in the cache folder of the run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.training.faces import FaceSearch, LocatedFace, cut_out, locate_once, located, read_picture, read_stored
from detectors.training.faces import stored as cache_line
from detectors.training.families.face_swapping import likeness_of_pose
from detectors.training.footage import reencode, spread_frames
from detectors.training.people import Portrait

_CUT_MARGIN = 0.8
_PORTRAIT_LINES = "portraits.jsonl"
_LEAST_FACE_PX = 32.0


class PortraitFaces:
    """The located faces of portraits, read from disk one at a time; portraits without a sure face are left out."""

    def __init__(self, portraits: Sequence[Portrait], cache: Path) -> None:
        lines = read_stored(cache / _PORTRAIT_LINES)
        known = [(portrait, lines.get(portrait.path.name)) for portrait in portraits]
        self._faces = [(portrait, line) for portrait, line in known if line and line["box"]]

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, at: int) -> LocatedFace:
        portrait, line = self._faces[at]
        return cut_out(located(read_picture(portrait.path), line), _CUT_MARGIN)

    def closest_in_pose(self, landmarks: NDArray[np.float32], among: Sequence[int], *, other_than: str) -> LocatedFace:
        """Of the faces at the places ``among`` the one whose landmarks fit best, preferably of another person."""
        others = [at for at in among if self._faces[at][0].person != other_than] or list(among)
        return self[min(others, key=lambda at: likeness_of_pose(landmarks, self._points(at)))]

    def _points(self, at: int) -> NDArray[np.float32]:
        return np.array(self._faces[at][1]["points"], np.float32)


class ClipFaces:
    """The located faces of clips: ``clips`` names them, ``of`` gives the faces of one in the order of time."""

    def __init__(self, names: Sequence[str], cache: Path) -> None:
        self._folder = cache / "clips"
        self.clips = tuple(name for name in names if self._lines(name))

    def of(self, name: str) -> list[LocatedFace]:
        return [located(read_picture(self._folder / name / file), line) for file, line in self._lines(name).items()]

    def any_of(self, name: str, position: float) -> LocatedFace:
        """One face of the clip; ``position`` is between 0 (first) and 1 (past the last)."""
        lines = list(self._lines(name).items())
        file, line = lines[int(position * len(lines))]
        return located(read_picture(self._folder / name / file), line)

    def _lines(self, name: str) -> dict[str, dict]:
        return read_stored(self._folder / f"{name}.jsonl")


def search_portraits(portraits: Sequence[Portrait], cache: Path) -> Iterator[str]:
    """Find the faces of all portraits that the cache does not know yet; yields each file name."""
    yield from locate_once(((one.path, one.person) for one in portraits), cache / _PORTRAIT_LINES)


def search_clips(clips: Sequence[Path], cache: Path, *, frames: int) -> Iterator[str]:
    """Cut the faces of ``frames`` frames of every clip that the cache does not know yet; yields each clip's name."""
    search = FaceSearch()
    for clip in clips:
        lines = cache / "clips" / f"{clip.stem}.jsonl"
        if not lines.is_file():
            found = [
                (f"{at:05d}_{nth}.png", face)
                for at, pixels in spread_frames(clip, frames)
                for nth, face in enumerate(search.all(pixels, clip.stem))
                if face.size_px >= _LEAST_FACE_PX
            ]
            _keep(found, lines)
        yield clip.stem


def reencode_faces(clip: Path, cache: Path, *, name: str, frames: int, crf: int, scale: float = 1.0) -> str:
    """Cut the faces of a re-encoded copy where the original has them; returns the copy's name in the cache."""
    lines = cache / "clips" / f"{name}.jsonl"
    if lines.is_file():
        return name
    copy = reencode(clip, cache / "reencoded" / f"{name}.mp4", crf=crf, scale=scale)
    pictures, search, found = spread_frames(copy, frames), FaceSearch(), []
    for at, pixels in pictures:
        found += [(f"{at:05d}_{nth}.png", face) for nth, face in enumerate(search.all(pixels, clip.stem))]
    _keep([(file, face) for file, face in found if face.size_px >= _LEAST_FACE_PX], lines)
    return name


def _keep(found: Sequence[tuple[str, LocatedFace]], lines: Path) -> None:
    folder = lines.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    cut = [(file, cut_out(face, _CUT_MARGIN)) for file, face in found]
    for file, face in cut:
        cv2.imwrite(str(folder / file), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
    # Written last: a clip counts as searched only when all its pictures are there.
    lines.write_text("".join(f"{cache_line(face, file)}\n" for file, face in cut), encoding="utf-8")
