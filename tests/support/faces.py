"""Face crops and clips to order: seeded noise as pixels, so that every test that asks alike gets alike."""

import numpy as np

from contracts.clips import FaceBox, FaceClip, FaceCrop


def a_crop(
    *, seed: int = 0, width_px: int = 120, height_px: int = 140, track_id: int = 0, pts_s: float = 0.0
) -> FaceCrop:
    """A crop of coarse seeded noise whose face box is its middle; any size from 1 x 1 on."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (-(-height_px // 8), -(-width_px // 8), 3), dtype=np.uint8)
    pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height_px, :width_px]
    box = FaceBox(
        left=width_px * 0.2, top=height_px * 0.2, right=width_px * 0.8, bottom=height_px * 0.8, confidence=0.9
    )
    return FaceCrop(pixels=pixels, box=box, track_id=track_id, pts_s=pts_s, frame_index=round(pts_s * 25))


def a_clip(*, seed: int = 0, length: int = 1, width_px: int = 120, height_px: int = 140) -> FaceClip:
    """A clip of ``length`` different crops, one each 1/25 s."""
    crops = tuple(
        a_crop(seed=seed * 100 + at, width_px=width_px, height_px=height_px, pts_s=at / 25.0) for at in range(length)
    )
    return FaceClip(media_id="a-media-item", clip_index=seed, crops=crops)


def clips(count: int, *, length: int = 1) -> list[FaceClip]:
    """``count`` clips that all differ."""
    return [a_clip(seed=seed, length=length) for seed in range(count)]
