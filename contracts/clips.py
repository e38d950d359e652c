"""The in-memory values that extraction makes and detectors read; they refuse to be made wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def _require_rgb(pixels: Pixels, what: str) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"{what} needs H x W x 3 uint8 pixels, got {pixels.dtype} {pixels.shape}")


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Frame:
    """One decoded picture: ``pixels`` H x W x 3 uint8 RGB, ``pts_s`` seconds from the media's start."""

    pixels: Pixels
    pts_s: float
    frame_index: int

    def __post_init__(self) -> None:
        _require_rgb(self.pixels, "a frame")

    def __repr__(self) -> str:
        return f"Frame(#{self.frame_index} at {self.pts_s:.3f} s, {self.pixels.shape})"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face in pixel coordinates of a picture; ``left``/``top`` inclusive, ``right``/``bottom`` exclusive.

    ``landmarks`` holds five (x, y) points (eyes as seen from the left, nose, mouth corners) or nothing;
    ``confidence`` is the face locator's own, between 0 and 1.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    landmarks: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not (self.right > self.left and self.bottom > self.top):
            raise ValueError(f"empty face box {self.left, self.top, self.right, self.bottom}")

    @property
    def width_px(self) -> float:
        return self.right - self.left

    @property
    def height_px(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class FaceCrop:
    """A native-resolution picture of one face with its surroundings.

    ``pixels``: H x W x 3 uint8 RGB, never resampled; ``box``: the face inside these pixels; ``origin``: where the
    upper left pixel lies in its frame, as (x, y), so that crops of one clip can be laid over each other.
    """

    pixels: Pixels
    box: FaceBox
    track_id: int
    pts_s: float
    frame_index: int
    origin: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        _require_rgb(self.pixels, "a face crop")

    def __repr__(self) -> str:
        return f"FaceCrop(track {self.track_id} at {self.pts_s:.3f} s, {self.pixels.shape})"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class FaceClip:
    """The unit of scoring: a fixed number of crops of one face track in the order of time (one for frame detectors)."""

    media_id: str
    clip_index: int
    crops: tuple[FaceCrop, ...]

    def __post_init__(self) -> None:
        if not self.crops:
            raise ValueError("a face clip needs at least one crop")
        if len({crop.track_id for crop in self.crops}) != 1:
            raise ValueError("the crops of a face clip belong to one face track")
        times = [crop.pts_s for crop in self.crops]
        if times != sorted(times):
            raise ValueError("the crops of a face clip follow each other in time")

    @property
    def track_id(self) -> int:
        return self.crops[0].track_id

    def __repr__(self) -> str:
        return f"FaceClip({self.media_id}#{self.clip_index}, {len(self.crops)} of track {self.track_id})"
