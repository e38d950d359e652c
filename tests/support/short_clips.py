"""A number in; a small picture or clip of a real face out (NASA's portrait that comes with scikit-image)."""

import io
from functools import cache

import av
import cv2
import numpy as np

from contracts.clips import Pixels

_FACE = (slice(0, 256), slice(96, 352))


@cache
def _portrait() -> Pixels:
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[..., :3][_FACE])


def a_picture(number: int = 0) -> bytes:
    """A JPEG of 256 x 256; other numbers give other bytes."""
    picture = np.clip(_portrait().astype(np.int16) + number % 40, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return jpeg.tobytes()


def a_face_clip(number: int = 0, *, frames: int = 12) -> bytes:
    """An MP4 of 256 x 256 at 12 pictures per second, in which the portrait moves a little."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"preset": "ultrafast"})
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"
        for at in range(frames):
            shifted = np.roll(_portrait(), (at + number) % 9, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shifted, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()
