"""The number of frames of a video in, the frames that wm looks at and in which order out."""

from collections.abc import Iterator

from detectors.systems.footage import Compat

STEP = 10
MOST_FACES = 25


def wanted_frames(frame_count: int, *, compat: Compat = "corrected") -> Iterator[int]:
    """Indices of the frames in which a face is looked for, until 25 faces are found.

    Every tenth frame: 9, 19, 29 and so on. The original takes them as they come, so that the beginning of a long video
    stands for all of it, and nothing of a video of fewer than 10 frames. Here each 25 of them lie evenly over the whole
    video, and a short video gives its last frame.
    """
    grid = list(range(STEP - 1, frame_count, STEP))
    if compat == "original":
        return iter(grid)
    return _spread(grid or list(range(frame_count))[-1:])


def _spread(grid: list[int]) -> Iterator[int]:
    while grid:
        places = sorted({at * len(grid) // MOST_FACES for at in range(MOST_FACES)})
        yield from (grid[place] for place in places)
        taken = set(places)
        grid = [index for place, index in enumerate(grid) if place not in taken]
