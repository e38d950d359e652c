"""Counts of frames in, the indices of those that are looked at out."""

from detectors.systems.footage import Compat

MOST_FRAMES = 160
GROUP = 5
_MOST_PICTURES = 35


def _step(count: int, most: int) -> int:
    return max(1, -(-count // most))


def frame_indices(frame_count: int) -> list[int]:
    """The frames of a video that are decoded: every n-th from the first one on, so that no more than 160 remain."""
    return list(range(0, frame_count, _step(frame_count, MOST_FRAMES)))


def picture_indices(frames: int, *, compat: Compat = "corrected") -> list[int]:
    """Which of ``frames`` frames of a tube the networks for single pictures see: at most 35, in whole groups of 5.

    What does not fill a group at the end is left out. Fewer than 5 frames are all seen; ``original`` sees none of them.
    """
    chosen = range(0, frames, _step(frames, _MOST_PICTURES))
    whole = len(chosen) // GROUP * GROUP
    return list(chosen[:whole] if whole or compat == "original" else chosen)
