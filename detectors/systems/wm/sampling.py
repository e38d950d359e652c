"""The number of frames of a video in, the frames that wm looks at and in which order out."""

from detectors.systems.footage import Compat

STEP = 10
MOST_FACES = 25


def wanted_frames(frame_count: int, *, compat: Compat = "corrected") -> list[int]:
    """Indices of the frames in which a face is looked for, until 25 faces are found.

    Every tenth frame: 9, 19, 29 and so on. The original takes them as they come, so that the beginning of a long video
    stands for all of it, and nothing of a video of fewer than 10 frames. Here the first 25 lie all over the video, the
    next ones between them, and a short video gives its last frame.
    """
    grid = list(range(STEP - 1, frame_count, STEP))
    if compat == "original":
        return grid
    if not grid:
        return [frame_count - 1] if frame_count > 0 else []
    stride = -(-len(grid) // MOST_FACES)
    return [index for first in range(stride) for index in grid[first::stride]]
