"""The number of frames of a video in, the frames that are looked at out."""

import numpy as np

from detectors.systems.footage import Compat

POSITIONS = 32


def wanted_frames(frame_count: int) -> list[int]:
    """32 positions from the first to the last frame, evenly spaced and cut to whole numbers; none of no frames."""
    if frame_count <= 0:
        return []
    return [int(at) for at in np.linspace(0, frame_count - 1, POSITIONS)]


def read_frames(frame_count: int, *, compat: Compat = "corrected") -> list[int]:
    """The frames that are read, each once, in their order.

    The original's reader waits for the next wanted frame; where it is the frame just read it never comes, and reading
    ends without a word. Of a video with fewer than 32 frames it thus reads the first one only.
    """
    wanted = wanted_frames(frame_count)
    if compat == "corrected":
        return sorted(set(wanted))
    repeats = (at for at in range(1, len(wanted)) if wanted[at] == wanted[at - 1])
    return wanted[: next(repeats, len(wanted))]
