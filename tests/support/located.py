"""A face locator that finds what it is told, and pictures to find it in."""

from collections.abc import Sequence

import cv2
import numpy as np

from contracts.clips import FaceBox, Pixels


class FixedLocator:
    """Finds the same boxes, given as shares of the picture's sides, in every picture."""

    least_confidence = 0.9

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self._boxes = boxes
        self.searches = 0

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        self.searches += len(pictures)
        return [[self._in(picture, box) for box in self._boxes] for picture in pictures]

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        return list(expected)

    @staticmethod
    def _in(picture: Pixels, box: tuple[float, float, float, float]) -> FaceBox:
        height, width = picture.shape[:2]
        left, top, right, bottom = box
        return FaceBox(left * width, top * height, right * width, bottom * height, 0.99)


def a_png(*, seed: int = 0, side_px: int = 320) -> bytes:
    """A picture of coarse seeded noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (side_px // 8, side_px // 8, 3), dtype=np.uint8)
    _, png = cv2.imencode(".png", coarse.repeat(8, axis=0).repeat(8, axis=1))
    return png.tobytes()
