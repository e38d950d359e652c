"""One picture and a named change in, the changed picture out: light, blur, noise, frames, overlays, covered faces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from contracts.clips import FaceBox, Pixels

FindFaces = Callable[[Pixels], Sequence[FaceBox]]
_WHITE, _BLACK, _GREY = (255, 255, 255), (0, 0, 0), (96, 96, 96)
_TEXT = "BREAKING NEWS 24"


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """What is done to each frame: ``kind`` is a name in :data:`KINDS`, ``amount`` in the unit of that kind."""

    kind: str
    amount: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where a picture stands: the number of its frame, which seeds its noise, and the faces that were found in it."""

    frame: int = 0
    faces: tuple[FaceBox, ...] = ()


def altered(pixels: Pixels, alterations: Sequence[Alteration], setting: Setting) -> Pixels:
    """The picture (H x W x 3 uint8 RGB) after all alterations in turn; the shape changes for crops and bars only.

    Raises:
        KeyError: an alteration is of no known kind.
    """
    for alteration in alterations:
        pixels = KINDS[alteration.kind](pixels, alteration.amount, setting)
    return pixels


def _blurred(pixels: Pixels, sigma_px: float, _: Setting) -> Pixels:
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma_px))


def _noisy(pixels: Pixels, deviation: float, setting: Setting) -> Pixels:
    """Independent Gaussian noise on every pixel and channel, another one in every frame; of 255 steps."""
    noise = np.random.default_rng(setting.frame).standard_normal(pixels.shape, dtype=np.float32) * deviation
    return _pixels(np.clip(np.rint(pixels + noise), 0, 255))


def _through_jpeg(pixels: Pixels, quality: float, _: Setting) -> Pixels:
    """What a JPEG of this quality shows."""
    bgr, options = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    done, packed = cv2.imencode(".jpg", bgr, options)
    shown = cv2.imdecode(packed, cv2.IMREAD_COLOR) if done else None
    if shown is None:
        raise ValueError("it could not be written as JPEG")
    return _pixels(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB))


def _brighter(pixels: Pixels, steps: float, _: Setting) -> Pixels:
    return _by_table(pixels, np.arange(256.0) + steps)


def _contrasted(pixels: Pixels, factor: float, _: Setting) -> Pixels:
    return _by_table(pixels, 127.5 + (np.arange(256.0) - 127.5) * factor)


def _gamma(pixels: Pixels, exponent: float, _: Setting) -> Pixels:
    return _by_table(pixels, 255.0 * (np.arange(256.0) / 255.0) ** exponent)


def _cropped(pixels: Pixels, share: float, _: Setting) -> Pixels:
    """The middle, ``share`` of each side long."""
    height, width = pixels.shape[:2]
    tall, wide = max(1, round(height * share)), max(1, round(width * share))
    top, left = (height - tall) // 2, (width - wide) // 2
    return _pixels(pixels[top : top + tall, left : left + wide])


def _letterboxed(pixels: Pixels, share: float, _: Setting) -> Pixels:
    """Black bars above and below, each ``share`` of the height."""
    bar = round(pixels.shape[0] * share)
    return _pixels(cv2.copyMakeBorder(pixels, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=_BLACK))


def _captioned(pixels: Pixels, share: float, _: Setting) -> Pixels:
    """White words on a black band along the lower edge, ``share`` of the height tall."""
    height, width = pixels.shape[:2]
    band = max(8, round(height * share))
    shown = pixels.copy()
    cv2.rectangle(shown, (0, height - band), (width, height), _BLACK, cv2.FILLED)
    scale = 0.6 * band / 22.0  # the letters of this font are 22 px tall at scale 1
    base = (band // 4, height - band // 4)
    cv2.putText(shown, _TEXT, base, cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, max(1, round(2 * scale)), cv2.LINE_AA)
    return _pixels(shown)


def _with_logo(pixels: Pixels, share: float, _: Setting) -> Pixels:
    """A half transparent ring in the upper right corner, ``share`` of the shorter side wide."""
    height, width = pixels.shape[:2]
    size = max(8, round(min(height, width) * share))
    shown = pixels.copy()
    middle = (width - size, size)
    cv2.circle(shown, middle, size // 2, _WHITE, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(shown, middle, size // 4, (200, 30, 30), cv2.FILLED, cv2.LINE_AA)
    return _pixels(cv2.addWeighted(shown, 0.6, pixels, 0.4, 0.0))


def _occluded(pixels: Pixels, share: float, setting: Setting) -> Pixels:
    """A grey box over the lower ``share`` of every found face, or over the middle of a frame without one."""
    height, width = pixels.shape[:2]
    shown = pixels.copy()
    boxes = [(face.left, face.top, face.right, face.bottom) for face in setting.faces] or [
        (width * 0.35, height * 0.35, width * 0.65, height * 0.65)
    ]
    for left, top, right, bottom in boxes:
        upper = bottom - (bottom - top) * share
        cv2.rectangle(shown, (round(left), round(upper)), (round(right), round(bottom)), _GREY, cv2.FILLED)
    return _pixels(shown)


def _by_table(pixels: Pixels, values: np.ndarray) -> Pixels:
    return _pixels(cv2.LUT(pixels, np.clip(np.rint(values), 0, 255).astype(np.uint8)))


def _pixels(values: np.ndarray) -> Pixels:
    return np.ascontiguousarray(values, dtype=np.uint8)


FACES_NEEDED = "occlusion"
KINDS: Mapping[str, Callable[[Pixels, float, Setting], Pixels]] = {
    "blur": _blurred,
    "noise": _noisy,
    "jpeg": _through_jpeg,
    "brightness": _brighter,
    "contrast": _contrasted,
    "gamma": _gamma,
    "crop": _cropped,
    "letterbox": _letterboxed,
    "caption": _captioned,
    "logo": _with_logo,
    FACES_NEEDED: _occluded,
}
