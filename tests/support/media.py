"""Pictures and videos to order: codec, container, rotation, frame times, sound; faces are painted or an astronaut's."""

import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from contracts.clips import FaceBox, Pixels

PAINT = (255, 0, 255)
_GREY = 90

Scene = Callable[[int], Pixels]


@cache
def astronaut() -> Pixels:
    """NASA's portrait of Eileen Collins as it comes with scikit-image, public domain, 512 x 512."""
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[..., :3], dtype=np.uint8)


def astronauts(
    width_px: int, height_px: int, corners: Sequence[tuple[int, int]], *, scale: float = 1.0, shift: int = 0
) -> Pixels:
    """The portrait's head (about 100 px high at scale 1) at each corner on grey; ``shift`` moves all to the right."""
    side = round(160 * scale)
    head = cv2.resize(astronaut()[30:190, 150:310], (side, side), interpolation=cv2.INTER_AREA)
    picture = np.full((height_px, width_px, 3), _GREY, dtype=np.uint8)
    for left, top in corners:
        picture[top : top + side, left + shift : left + shift + side] = head[
            : height_px - top, : width_px - left - shift
        ]
    return picture


def painted(width_px: int, height_px: int, *faces: tuple[int, int, int]) -> Pixels:
    """Grey with magenta squares (left, top, side): what ``PaintLocator`` calls faces."""
    picture = np.full((height_px, width_px, 3), _GREY, dtype=np.uint8)
    for left, top, side in faces:
        picture[top : top + side, left : left + side] = PAINT
    return picture


class PaintLocator:
    """A face locator whose faces are magenta squares of at least 8 px; counts what it is asked."""

    least_confidence = 0.9

    def __init__(self, *, least_px: int = 8) -> None:
        self.least_px = least_px
        self.searched: list[tuple[int, int]] = []
        self.confirmed = 0

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        self.searched += [picture.shape[:2] for picture in pictures]
        return [self._squares(picture) for picture in pictures]

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        self.confirmed += len(pictures)
        return [self._nearest(picture, box) for picture, box in zip(pictures, expected, strict=True)]

    def _squares(self, picture: Pixels) -> list[FaceBox]:
        red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
        mask = ((red > 170) & (green < 90) & (blue > 170)).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        boxes = [stats[i] for i in range(1, count) if min(stats[i][2:4]) >= self.least_px]
        faces = [FaceBox(float(x), float(y), float(x + w), float(y + h), 1.0) for x, y, w, h, _ in boxes]
        return sorted(faces, key=lambda face: -face.width_px * face.height_px)

    def _nearest(self, picture: Pixels, box: FaceBox) -> FaceBox | None:
        def apart(face: FaceBox) -> float:
            return abs(face.left - box.left) + abs(face.top - box.top)

        near = [face for face in self._squares(picture) if apart(face) < 0.5 * box.width_px]
        return min(near, key=apart, default=None)


def a_picture(path: Path, pixels: Pixels | None = None, *, orientation: int = 1, form: str = "JPEG") -> Path:
    """A picture file, by default one face of 60 px; ``orientation`` is the EXIF word."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(painted(320, 240, (40, 30, 60)) if pixels is None else pixels)
    image.save(path, form, exif=exif, **({"quality": 95} if form == "JPEG" else {}))
    return path


def an_animation(path: Path, *, form: str, frames: int = 5, frame_ms: int = 100) -> Path:
    """A GIF, WebP or PNG that moves: a painted face goes to the right."""
    images = [Image.fromarray(painted(160, 120, (20 + 8 * i, 30, 40))) for i in range(frames)]
    images[0].save(path, form, save_all=True, append_images=images[1:], duration=frame_ms, loop=0)
    return path


def moving(width_px: int = 320, height_px: int = 240, *, side_px: int = 60) -> Scene:
    """A painted face that drifts to the right and back."""

    def scene(number: int) -> Pixels:
        return painted(width_px, height_px, (40 + 2 * min(number % 60, 60 - number % 60), 40, side_px))

    return scene


def a_video(
    path: Path,
    *,
    scene: Scene | None = None,
    frames: int = 50,
    rate: int = 25,
    codec: str = "libx264",
    form: str | None = None,
    turn: float = 0.0,
    times_s: Sequence[float] | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """A video file; ``turn`` is its display rotation in degrees anticlockwise, ``times_s`` the times of its frames."""
    path.write_bytes(
        video_bytes(
            form
            or {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi", ".mpg": "mpeg"}[
                path.suffix
            ],
            scene=scene or moving(),
            frames=frames,
            rate=rate,
            codec=codec,
            turn=turn,
            times_s=times_s,
            sound=sound,
            options=options,
        )
    )
    return path


def video_bytes(
    form: str,
    *,
    scene: Scene,
    frames: int,
    rate: int,
    codec: str,
    turn: float,
    times_s: Sequence[float] | None,
    sound: bool,
    options: dict[str, str] | None,
    seekable: bool = True,
) -> bytes:
    out = io.BytesIO() if seekable else _Pipe()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, options=options or _quick(codec))
        height, width = scene(0).shape[:2]
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if turn:
            stream.set_display_rotation(turn)
        if times_s:
            stream.codec_context.time_base = Fraction(1, 1000)
        if sound:
            _add_sound(container, seconds=frames / rate)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            if times_s:
                frame.pts, frame.time_base = round(times_s[number] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


class _Pipe(io.BytesIO):
    """A writer that cannot go back, as a recording that is streamed: its header says no duration."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation("a pipe")

    def tell(self) -> int:
        raise io.UnsupportedOperation("a pipe")


def _quick(codec: str) -> dict[str, str]:
    return {
        "libx264": {"preset": "ultrafast", "qp": "18"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "500k"},
    }.get(codec, {"b": "2M"})


def _add_sound(container: av.container.OutputContainer, *, seconds: float) -> None:
    stream = container.add_stream("aac", rate=16000, layout="mono")
    tone = np.sin(np.arange(int(16000 * seconds)) / 6).astype(np.float32)[None, :] / 4
    for start in range(0, tone.shape[1] - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone[:, start : start + 1024]), "fltp", "mono")
        frame.sample_rate, frame.pts = 16000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def a_sound_file(path: Path) -> Path:
    """An MP4 that holds sound only."""
    with av.open(path, "w", format="mp4") as container:
        _add_sound(container, seconds=1.0)
    return path


def cut_off(path: Path, share: float) -> Path:
    """The file without its end."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path
