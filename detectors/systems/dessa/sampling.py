"""The length of a video in, the frames that are looked at out; the choice is ours, for none is published."""

import math

import numpy as np

_LEAST_FRAMES = 32


def wanted_frames(frame_count: int, frames_per_second: float) -> list[int]:
    """One frame a second, as the network's training pictures were taken, or 32 if that is more; evenly spaced.

    Of a video with fewer frames, all of them.
    """
    if frame_count <= 0:
        return []
    known = math.isfinite(frames_per_second) and frames_per_second > 0
    seconds = frame_count / frames_per_second if known else 0.0
    wanted = min(frame_count, max(_LEAST_FRAMES, round(seconds)))
    return np.linspace(0, frame_count - 1, wanted).round().astype(int).tolist()
