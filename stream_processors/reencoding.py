"""Face crops of one track in, the same after a mild change of encoding out: what passing a file on does to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import cv2
import numpy as np

from contracts.clips import FaceCrop, Pixels
from ingest.face_locator import moved

Crops = Sequence[FaceCrop]

_CRF = 28
_SCALE = 0.75
_TICK = Fraction(1, 25)


def filmed(crops: Crops) -> list[FaceCrop]:
    """The crops after a round trip through H.264 at CRF 28, as one little film in their order."""
    height, width = (max(crop.pixels.shape[side] for crop in crops) for side in (0, 1))
    height, width = height + height % 2, width + width % 2
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = _TICK, 1
    encoder.options = {"crf": str(_CRF), "preset": "veryfast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [packet for at, crop in enumerate(crops) for packet in encoder.encode(_frame(crop, height, width, at))]
    frames = [frame for packet in [*packets, *encoder.encode(None)] for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return [_as_crop(frame, crop) for frame, crop in zip(frames, crops, strict=True)]


def scaled(crops: Crops) -> list[FaceCrop]:
    """The crops at three quarters of their size."""
    return [_scaled(crop) for crop in crops]


@dataclass(frozen=True)
class MildChange:
    """A change that leaves a picture good to look at; ``name`` is how a sentence calls it."""

    name: str
    apply: Callable[[Crops], list[FaceCrop]]


CHANGES = (MildChange("H.264 at CRF 28", filmed), MildChange("scaling to three quarters", scaled))


def _frame(crop: FaceCrop, height: int, width: int, at: int) -> av.VideoFrame:
    """The crop on a canvas that all crops of the film fit on; its outermost pixels repeat."""
    below, beside = height - crop.pixels.shape[0], width - crop.pixels.shape[1]
    canvas = cv2.copyMakeBorder(crop.pixels, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    frame = av.VideoFrame.from_ndarray(np.asarray(canvas, np.uint8), format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = at, _TICK
    return frame


def _as_crop(frame: av.VideoFrame, crop: FaceCrop) -> FaceCrop:
    height, width = crop.pixels.shape[:2]
    pixels: Pixels = np.ascontiguousarray(frame.to_ndarray(format="rgb24")[:height, :width], np.uint8)
    return replace(crop, pixels=pixels)


def _scaled(crop: FaceCrop) -> FaceCrop:
    height, width = crop.pixels.shape[:2]
    size = max(1, round(width * _SCALE)), max(1, round(height * _SCALE))
    pixels = np.asarray(cv2.resize(crop.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    box = moved(crop.box, by=(0.0, 0.0), scale=(size[0] / width, size[1] / height))
    return replace(crop, pixels=pixels, box=box)
