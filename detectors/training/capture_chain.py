"""A picture in, the picture after a camera and a network have had it out: light, noise, blur, size, JPEG, H.264, HEVC.

A chain is drawn once and applied to the genuine and to the manipulated half of a pair, so that nothing in it tells the
halves apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

import av
import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.families.appearance import recoloured, sharpened

Step = Callable[[Pixels], Pixels]

_WAYS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_TICK = Fraction(1, 25)


@dataclass(frozen=True, slots=True)
class Codec:
    """A real video encoder, its decoder, how it is set besides the rate, and the smallest side that it takes."""

    encoder: Literal["libx264", "libx265"]
    decoder: Literal["h264", "hevc"]
    options: dict[str, str]
    least_px: int


H264 = Codec("libx264", "h264", {"preset": "veryfast", "tune": "zerolatency"}, 16)
HEVC = Codec(
    "libx265",
    "hevc",
    {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none:pools=none:frame-threads=1:info=0"},
    64,
)


@dataclass(frozen=True, slots=True)
class CaptureChain:
    """Steps that always give the same picture for the same picture."""

    steps: tuple[Step, ...]

    def __call__(self, pixels: Pixels) -> Pixels:
        for step in self.steps:
            pixels = step(pixels)
        return pixels


def draw_chain(
    rng: np.random.Generator, *, least_scale: float = 0.4, harshness: float = 1.0, hevc_share: float = 0.0
) -> CaptureChain:
    """A chain at random; ``least_scale`` is the strongest shrinking, ``harshness`` (0..1) how far the rest may go.

    ``hevc_share`` of the video re-encodes are HEVC, the others H.264.
    """
    steps: list[Step] = []
    seed = int(rng.integers(2**31))
    if rng.random() < 0.5:
        steps.append(partial(_seeded_recolour, seed=seed, strength=float(rng.uniform(0.3, 1.5))))
    if rng.random() < 0.06:
        steps.append(greyed)
    steps += [_drawn_sharpness(rng, harshness)] if rng.random() < 0.35 else []
    if rng.random() < 0.3:
        steps.append(partial(noisy, sigma=float(rng.uniform(1.0, 1.0 + 7.0 * harshness)), seed=seed))
    if least_scale < 1.0 and rng.random() < 0.5:
        steps.append(partial(shrunk, factor=float(rng.uniform(least_scale, 1.0)), how=int(rng.choice(_WAYS))))
    return CaptureChain((*steps, *_drawn_codecs(rng, harshness, hevc_share)))


def _drawn_sharpness(rng: np.random.Generator, harshness: float) -> Step:
    kind = rng.random()
    if kind < 0.45:
        return partial(blurred, sigma_px=float(rng.uniform(0.4, 0.4 + 1.1 * harshness)))
    if kind < 0.65:
        return partial(
            motion_blurred,
            length_px=int(rng.integers(3, 4 + round(4 * harshness))),
            degrees=float(rng.uniform(0.0, 180.0)),
        )
    return partial(sharpened, amount=float(rng.uniform(0.2, 1.2)))


def _drawn_codecs(rng: np.random.Generator, harshness: float, hevc_share: float) -> list[Step]:
    steps: list[Step] = []
    if rng.random() < 0.4:
        steps.append(partial(jpeg, quality=int(rng.integers(96 - round(56 * harshness), 97))))
    if rng.random() < 0.6:
        codec = hevc if hevc_share and rng.random() < hevc_share else h264
        steps.append(partial(codec, crf=int(rng.integers(18, 19 + round(22 * harshness)))))
    return steps


def _seeded_recolour(pixels: Pixels, *, seed: int, strength: float) -> Pixels:
    return recoloured(pixels, np.random.default_rng(seed), strength=strength)


def greyed(pixels: Pixels) -> Pixels:
    """Without colour."""
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


def noisy(pixels: Pixels, *, sigma: float, seed: int) -> Pixels:
    """With grain of ``sigma`` grey levels; the same seed gives the same grain."""
    grain = np.random.default_rng(seed).standard_normal(pixels.shape, dtype=np.float32)
    grain *= np.float32(sigma)
    return cv2.add(pixels, grain, dtype=cv2.CV_8U).astype(np.uint8)


def blurred(pixels: Pixels, *, sigma_px: float) -> Pixels:
    """Out of focus."""
    return cv2.GaussianBlur(pixels, (0, 0), sigma_px).astype(np.uint8)


def motion_blurred(pixels: Pixels, *, length_px: int, degrees: float) -> Pixels:
    """Smeared along a line."""
    kernel = np.zeros((length_px, length_px), np.float32)
    kernel[length_px // 2] = 1.0
    middle = (length_px - 1) / 2.0
    turn = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    line = np.asarray(cv2.warpAffine(kernel, turn, (length_px, length_px)), np.float32)
    return cv2.filter2D(pixels, -1, line / np.float32(max(float(line.sum()), 1e-6))).astype(np.uint8)


def shrunk(pixels: Pixels, *, factor: float, how: int = cv2.INTER_AREA) -> Pixels:
    """Smaller by ``factor`` and left small, as a platform that scales uploads down leaves it."""
    height, width = pixels.shape[:2]
    size = (max(16, round(width * factor)), max(16, round(height * factor)))
    return cv2.resize(pixels, size, interpolation=how).astype(np.uint8)


def jpeg(pixels: Pixels, *, quality: int) -> Pixels:
    """Through JPEG at ``quality`` (1..100)."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8)


def h264(pixels: Pixels, *, crf: int) -> Pixels:
    """Through H.264 at the constant rate factor ``crf``: the second picture of a little film of the same scene."""
    return video_film(_with_the_one_before(pixels), H264, crf=crf)[-1]


def hevc(pixels: Pixels, *, crf: int) -> Pixels:
    """Through HEVC at the constant rate factor ``crf``: the second picture of a little film of the same scene."""
    return video_film(_with_the_one_before(pixels), HEVC, crf=crf)[-1]


def _with_the_one_before(pixels: Pixels) -> list[Pixels]:
    return [np.roll(pixels, 1, axis=1), pixels]


def video_film(pictures: Sequence[Pixels], codec: Codec, *, crf: int) -> list[Pixels]:
    """Pictures of one size through a real encoder and decoder, in order."""
    height, width = pictures[0].shape[:2]
    encoder = av.CodecContext.create(codec.encoder, "w")
    encoder.width, encoder.height = max(width + width % 2, codec.least_px), max(height + height % 2, codec.least_px)
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", _TICK, 1
    encoder.options = {"crf": str(crf), **codec.options}
    decoder = av.CodecContext.create(codec.decoder, "r")
    decoder.thread_count = 1
    size = (encoder.height, encoder.width)
    packets = [packet for at, picture in enumerate(pictures) for packet in encoder.encode(_yuv(picture, at, size))]
    frames = [frame for packet in [*packets, *encoder.encode(None)] for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return [np.ascontiguousarray(frame.to_ndarray(format="rgb24")[:height, :width], np.uint8) for frame in frames]


def _yuv(picture: Pixels, at: int, size: tuple[int, int]) -> av.VideoFrame:
    height, width = picture.shape[:2]
    below, right = size[0] - height, size[1] - width
    full = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(full, np.uint8), format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = at, _TICK
    return frame


def cut_out_square(pixels: Pixels, *, left: float, top: float, size: float, grey: int) -> Pixels:
    """With a square painted over; place and side are shares of the picture's width.

    Source: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
    """
    width = pixels.shape[1]
    painted = pixels.copy()
    x, y, side = (round(value * width) for value in (left, top, size))
    painted[y : y + side, x : x + side] = grey
    return painted
