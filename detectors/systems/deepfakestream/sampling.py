"""The length of a video in, the frames whose faces are scored out."""

import math

_USUAL_RATE = 25.0


def wanted_frames(frame_count: int, frames_per_second: float) -> list[int]:
    """Indices of one frame per second, from the first on; a rate that makes no sense counts as 25.

    DeepfakeStream reads single pictures; that the segments of a video are averaged is a sentence of its README, without
    code. One frame stands for each second here.
    """
    sane = math.isfinite(frames_per_second) and frames_per_second > 0.0
    step = max(1, round(frames_per_second if sane else _USUAL_RATE))
    return list(range(0, frame_count, step))
