"""The number of frames of a video in, the frames that are looked at out."""

import numpy as np

POSITIONS = 15


def wanted_frames(frame_count: int) -> list[int]:
    """15 positions from the first to the last frame, evenly spaced and cut to whole numbers, each once."""
    if frame_count <= 0:
        return []
    return sorted({int(at) for at in np.linspace(0, frame_count - 1, POSITIONS)})
