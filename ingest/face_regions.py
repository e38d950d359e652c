"""An expected face box in, the square around it as a small picture of fixed size out, and the way back; pure."""

from dataclasses import dataclass

import cv2
import numpy as np

from contracts.clips import FaceBox, Pixels
from ingest.face_locator import moved

REGION_PX = 144
_FACE_IN_REGION_PX = 56.0


@dataclass(frozen=True)
class Region:
    """A square of a frame that becomes a small picture of ``REGION_PX`` with the face at a good size."""

    left: float
    top: float
    scale: float

    @classmethod
    def around(cls, box: FaceBox, drift_px: float) -> "Region":
        face_px = max(box.width_px, box.height_px)
        side_px = max(face_px * REGION_PX / _FACE_IN_REGION_PX, face_px + 2 * drift_px + 0.5 * face_px)
        left, top = (box.left + box.right - side_px) / 2, (box.top + box.bottom - side_px) / 2
        return cls(left, top, REGION_PX / side_px)

    def cut(self, pixels: Pixels) -> Pixels:
        """The region, shrunken or enlarged; black where it leaves the frame."""
        height, width = pixels.shape[:2]
        side_px = REGION_PX / self.scale
        x0, y0 = max(0, int(self.left)), max(0, int(self.top))
        x1, y1 = min(width, int(self.left + side_px) + 1), min(height, int(self.top + side_px) + 1)
        picture = np.zeros((REGION_PX, REGION_PX, 3), dtype=np.uint8)
        if x1 <= x0 or y1 <= y0:
            return picture
        u0, v0 = round((x0 - self.left) * self.scale), round((y0 - self.top) * self.scale)
        u1, v1 = round((x1 - self.left) * self.scale), round((y1 - self.top) * self.scale)
        u0, v0, u1, v1 = max(0, u0), max(0, v0), min(REGION_PX, max(u1, u0 + 1)), min(REGION_PX, max(v1, v0 + 1))
        how = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        picture[v0:v1, u0:u1] = cv2.resize(pixels[y0:y1, x0:x1], (u1 - u0, v1 - v0), interpolation=how)
        return picture

    def back(self, box: FaceBox) -> FaceBox:
        """A box of the small picture in the frame's pixels."""
        return moved(box, by=(self.left, self.top), scale=(1 / self.scale, 1 / self.scale))
