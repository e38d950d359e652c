"""A folder in; small media files out, made from two pictures that come with scikit-image.

The portrait is NASA's photograph of astronaut Eileen Collins, in the public domain. *Swapped* means: the face in it was
warped, recoloured, softened and blended back over itself, as a face swap does with another person's face.

Run as ``python -m ingest.sample_media FOLDER`` it writes three clips whose names say what they are.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels

GENUINE, SWAPPED, PICTURE, NO_FACE, CORRUPT = "genuine.mp4", "swapped.mp4", "portrait.jpg", "coffee.mp4", "broken.mp4"
SAMPLES = {
    GENUINE: "Sample 1 - genuine.mp4",
    SWAPPED: "Sample 2 - manipulated (face replaced by a changed copy of itself).mp4",
    NO_FACE: "Sample 3 - no face.mp4",
}
FRAME_RATE = 25
SECONDS = 5
WIDTH_PX, HEIGHT_PX = 640, 480
NOISE_LEVELS = 2.0  # standard deviation, out of 255: about that of a phone camera in daylight
FACE_CENTRE = (222.0, 118.0)  # x, y in the portrait's own pixels
FACE_HALF_AXES = (43.0, 58.0)

Floats = NDArray[np.float32]


def make_all(folder: Path) -> dict[str, Path]:
    """Write five files: three clips, a picture and a file that cannot be read; each by its name."""
    from skimage import data

    make_clips(folder)
    portrait = data.astronaut()[..., :3]
    cv2.imwrite(str(folder / PICTURE), cv2.cvtColor(portrait, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
    (folder / CORRUPT).write_bytes(_broken_video())
    return {name: folder / name for name in (GENUINE, SWAPPED, PICTURE, NO_FACE, CORRUPT)}


def make_clips(folder: Path) -> None:
    """Write the three clips that can be read."""
    from skimage import data

    folder.mkdir(parents=True, exist_ok=True)
    portrait, coffee = data.astronaut()[..., :3], data.coffee()[..., :3]
    swap = SelfSwap(portrait)
    _write_clip(folder / GENUINE, _moved(lambda number: portrait, seed=1))
    _write_clip(folder / SWAPPED, _moved(swap.frame, seed=2))
    _write_clip(folder / NO_FACE, _moved(lambda number: coffee, seed=3))


class SelfSwap:
    """One portrait whose face is replaced by a changed copy of itself, placed a little differently in every frame."""

    def __init__(self, portrait: Pixels) -> None:
        self._portrait = portrait.astype(np.float32)
        self._mask = _face_mask(portrait.shape[:2])
        self._other = _other_face(self._portrait)

    def frame(self, number: int) -> Pixels:
        """The portrait with the swapped face as it is in frame ``number``; H x W x 3 uint8 RGB."""
        chance = np.random.default_rng(number)
        shift = chance.normal(0.0, 0.5, 2)
        matrix = cv2.getRotationMatrix2D(FACE_CENTRE, float(chance.normal(0.0, 0.4)), 1.0)
        matrix[:, 2] += shift
        height, width = self._mask.shape
        other = cv2.warpAffine(self._other, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        weight = self._mask[..., None]
        mixed = weight * other + (1.0 - weight) * self._portrait
        return np.clip(mixed, 0, 255).astype(np.uint8)


def _face_mask(shape: tuple[int, int]) -> Floats:
    mask = np.zeros(shape, np.float32)
    axes = tuple(round(half) for half in FACE_HALF_AXES)
    cv2.ellipse(mask, tuple(map(round, FACE_CENTRE)), axes, 0.0, 0.0, 360.0, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 2.5).astype(np.float32)


def _other_face(portrait: Floats) -> Floats:
    """The same face as another network would paint it: other colours, less detail, slightly other proportions."""
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D(FACE_CENTRE, 2.0, 1.06)
    matrix[:, 2] += (1.5, 2.5)
    warped = cv2.warpAffine(portrait, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    small = cv2.resize(warped, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    softened = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    gain, offset = np.array([1.10, 0.98, 0.88], np.float32), np.array([6.0, 2.0, -4.0], np.float32)
    return softened * gain + offset


def _moved(picture: Callable[[int], Pixels], *, seed: int) -> Iterator[Pixels]:
    """A camera that slowly moves over ``picture`` of each frame's number, with the noise of a sensor."""
    chance = np.random.default_rng(seed)
    for number in range(FRAME_RATE * SECONDS):
        still = picture(number)
        seen = cv2.warpAffine(
            still,
            _camera(still.shape, number),
            (WIDTH_PX, HEIGHT_PX),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        )
        noise = NOISE_LEVELS * chance.standard_normal(seen.shape, np.float32)
        yield np.clip(seen + noise, 0, 255).astype(np.uint8)


def _camera(shape: tuple[int, ...], number: int) -> NDArray[np.float64]:
    """Where the pixels of a still go in frame ``number``: zoom, pan and a slight roll, upper part in view."""
    height, width = shape[:2]
    way = number / (FRAME_RATE * SECONDS - 1)
    zoom = max(WIDTH_PX / width, HEIGHT_PX / height) * (1.04 + 0.12 * way)
    looked_at = (width * (0.5 - 0.03 * way), min(height * 0.40, height - 0.5 * HEIGHT_PX / zoom))
    matrix = cv2.getRotationMatrix2D(looked_at, 2.0 * np.sin(2.0 * np.pi * way), zoom)
    matrix[:, 2] += (WIDTH_PX / 2 - looked_at[0], HEIGHT_PX / 2 - looked_at[1])
    return matrix.astype(np.float64)


def _write_clip(path: Path, frames: Iterator[Pixels]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _broken_video() -> bytes:
    """The first bytes of an MP4 file, then noise."""
    header = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
    return header + np.random.default_rng(4).bytes(200_000)


def main(folder: Path) -> None:
    """Write the clips under names that say what they are."""
    make_clips(folder)
    for made, name in SAMPLES.items():
        (folder / made).rename(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
