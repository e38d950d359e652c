"""Pictures in, located faces out: pixels with one box and five landmarks, cached on disk so that MTCNN runs once."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, FaceCrop, Pixels

_LEAST_CONFIDENCE = 0.95
_LONG_SIDE_PX = 640


@dataclass(frozen=True, eq=False, slots=True)
class LocatedFace:
    """One face in a picture.

    ``pixels``: H x W x 3 uint8 RGB; ``box``: left, top, right, bottom in pixels; ``landmarks``: 5 x 2 (x, y) pixels,
    the eyes from left to right, the nose, the mouth corners from left to right. ``person`` names who it is; ``corner``
    is where the left top pixel lay in the frame that the picture was cut from.
    """

    pixels: Pixels
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    person: str = ""
    corner: tuple[int, int] = (0, 0)

    @property
    def box_in_frame(self) -> NDArray[np.float32]:
        """The box in pixels of the frame that the picture was cut from."""
        return self.box + np.tile(np.array(self.corner, np.float32), 2)

    @property
    def size_px(self) -> float:
        """The longer side of the box."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    def with_pixels(self, pixels: Pixels) -> "LocatedFace":
        """The same face after its picture was changed in place (same size)."""
        return replace(self, pixels=pixels)

    def as_crop(self, *, frame_index: int = 0, pts_s: float = 0.0) -> FaceCrop:
        """The value that a detector reads."""
        left, top, right, bottom = (float(edge) for edge in self.box)
        points = tuple((float(x), float(y)) for x, y in self.landmarks)
        return FaceCrop(self.pixels, FaceBox(left, top, right, bottom, 1.0, points), 0, pts_s, frame_index)


def scaled(face: LocatedFace, factor: float) -> LocatedFace:
    """The face in a picture ``factor`` times as large."""
    height, width = face.pixels.shape[:2]
    new_width, new_height = max(8, round(width * factor)), max(8, round(height * factor))
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    pixels = cv2.resize(face.pixels, (new_width, new_height), interpolation=how)
    by = np.array([new_width / width, new_height / height], np.float32)
    return replace(face, pixels=pixels.astype(np.uint8), box=face.box * np.tile(by, 2), landmarks=face.landmarks * by)


def mirrored(face: LocatedFace) -> LocatedFace:
    """The face as a mirror shows it; landmarks keep their order from left to right."""
    width = face.pixels.shape[1]
    left, top, right, bottom = face.box
    points = face.landmarks[[1, 0, 2, 4, 3]].copy()
    points[:, 0] = width - 1 - points[:, 0]
    box = np.array([width - right, top, width - left, bottom], np.float32)
    return replace(face, pixels=np.ascontiguousarray(face.pixels[:, ::-1]), box=box, landmarks=points)


def cut_out(face: LocatedFace, margin: float) -> LocatedFace:
    """The face with ``margin`` times its size around the box, as far as the picture reaches."""
    height, width = face.pixels.shape[:2]
    reach = margin * face.size_px
    left, top = max(0, int(face.box[0] - reach)), max(0, int(face.box[1] - reach))
    right, bottom = min(width, int(np.ceil(face.box[2] + reach))), min(height, int(np.ceil(face.box[3] + reach)))
    shift = np.array([left, top], np.float32)
    pixels = np.ascontiguousarray(face.pixels[top:bottom, left:right])
    corner = (face.corner[0] + left, face.corner[1] + top)
    box, points = face.box - np.tile(shift, 2), face.landmarks - shift
    return replace(face, pixels=pixels, box=box, landmarks=points, corner=corner)


def read_picture(path: Path) -> Pixels:
    """H x W x 3 uint8 RGB. Raises ``FileNotFoundError`` when there is no readable picture."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"no readable picture at {path}")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8)


class FaceSearch:
    """facenet-pytorch's MTCNN on the processor, made when the first picture comes."""

    def __init__(self) -> None:
        self._mtcnn: Any = None

    def largest(self, pixels: Pixels, person: str = "") -> LocatedFace | None:
        """The most prominent sure face of a picture, or nothing."""
        found = self.all(pixels, person)
        return max(found, key=lambda face: face.size_px, default=None)

    def all(self, pixels: Pixels, person: str = "") -> list[LocatedFace]:
        """Every sure face of a picture; pictures with a long side above 640 px are shrunk for the search."""
        shrink = min(1.0, _LONG_SIDE_PX / max(pixels.shape[:2]))
        small = scaled_picture(pixels, shrink)
        boxes, sure, points = self._network().detect(small, landmarks=True)
        if boxes is None:
            return []
        return [
            LocatedFace(pixels, (box / shrink).astype(np.float32), (five / shrink).astype(np.float32), person)
            for box, confidence, five in zip(boxes, sure, points, strict=True)
            if confidence >= _LEAST_CONFIDENCE and box[2] - box[0] > 2 and box[3] - box[1] > 2
        ]

    def _network(self) -> Any:
        if self._mtcnn is None:
            from facenet_pytorch import MTCNN

            self._mtcnn = MTCNN(keep_all=True, device="cpu", post_process=False)
        return self._mtcnn


def scaled_picture(pixels: Pixels, factor: float) -> Pixels:
    """The picture shrunk by ``factor`` (1 leaves it alone)."""
    if factor == 1.0:
        return pixels
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)


def stored(face: LocatedFace, name: str) -> str:
    """One line of the cache: where the picture lies and where the face is in it."""
    box, points = face.box.tolist(), face.landmarks.tolist()
    return json.dumps({"file": name, "box": box, "points": points, "who": face.person, "corner": face.corner})


def read_stored(cache: Path) -> dict[str, dict[str, Any]]:
    """The lines of a cache file by picture; an unfinished last line (a search that was killed) is left out."""
    if not cache.is_file():
        return {}
    lines = cache.read_text(encoding="utf-8").splitlines(keepends=True)
    entries = [json.loads(line) for line in lines if line.endswith("\n")]
    return {entry["file"]: entry for entry in entries}


def located(pixels: Pixels, entry: dict[str, Any]) -> LocatedFace:
    """The face that a cache line tells of."""
    box, points = np.array(entry["box"], np.float32), np.array(entry["points"], np.float32)
    x, y = entry["corner"]
    return LocatedFace(pixels, box, points, entry["who"], (x, y))


def locate_once(pictures: Iterable[tuple[Path, str]], cache: Path, *, seen: Sequence[str] = ()) -> Iterator[str]:
    """Search the pictures (path, person) that ``cache`` does not know yet and add them; yields each name as it goes.

    A picture without a sure face is noted with an empty box, so that it is not searched again.
    """
    search, known = FaceSearch(), {*read_stored(cache), *seen}
    cache.parent.mkdir(parents=True, exist_ok=True)
    _drop_unfinished_line(cache)
    with cache.open("a", encoding="utf-8") as file:
        for path, person in pictures:
            if path.name not in known:
                face = search.largest(read_picture(path), person)
                line = json.dumps({"file": path.name, "box": [], "points": [], "who": person, "corner": [0, 0]})
                file.write((stored(face, path.name) if face else line) + "\n")
                file.flush()
            yield path.name


def _drop_unfinished_line(cache: Path) -> None:
    """A search that was killed may have left half a line; what is added after it would be lost with it."""
    if cache.is_file() and (content := cache.read_bytes()) and not content.endswith(b"\n"):
        with cache.open("rb+") as file:
            file.truncate(content.rfind(b"\n") + 1)


def turned(face: LocatedFace, degrees: float) -> LocatedFace:
    """The face turned around the middle of its box, which stays where it is."""
    height, width = face.pixels.shape[:2]
    middle = ((face.box[0] + face.box[2]) / 2.0, (face.box[1] + face.box[3]) / 2.0)
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), degrees, 1.0)
    pixels = cv2.warpAffine(face.pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8)
    points = face.landmarks @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    return replace(face, pixels=pixels, landmarks=points)
