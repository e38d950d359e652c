"""The faces of a clip in, the same faces manipulated by one tool out, with a mask that trembles from frame to frame.

Tools look for the face in every frame anew. The little errors of that search move mask and pasted face a bit to and
fro, which nothing in a single frame shows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels
from detectors.training.faces import LocatedFace, scaled

Forge = Callable[[LocatedFace, LocatedFace, np.random.Generator], Pixels]


def trembling(
    faces: Sequence[LocatedFace], rng: np.random.Generator, *, share: float, memory: float
) -> Iterator[LocatedFace]:
    """The faces with landmarks (5 x 2) off by ``share`` of the face's size on average.

    ``memory`` (0 to below 1) is how much of a frame's error is kept in the next one: 0 trembles, 0.9 drifts.

    Raises:
        ValueError: ``share`` is negative, or ``memory`` is not in [0, 1).
    """
    if share < 0.0 or not 0.0 <= memory < 1.0:
        raise ValueError(f"a share of {share} with a memory of {memory} is no tremble")
    off: NDArray[np.float64] = share * rng.standard_normal((5, 2))
    for face in faces:
        yield replace(face, landmarks=(face.landmarks + off * face.size_px).astype(np.float32))
        # The spread stays what it was at the start, however long the clip is.
        off = memory * off + np.sqrt(1.0 - memory**2) * share * rng.standard_normal((5, 2))


def forge_clip(
    faces: Sequence[LocatedFace], donor: LocatedFace, forge: Forge, *, seed: int, jitter: float = 0.0
) -> Iterator[LocatedFace]:
    """Every face of a clip manipulated with the same draws (mask, colour, strength), as one tool treats one video.

    ``jitter`` is the mean error of the tool's landmarks in shares of the face's size; 0 holds the mask still.
    """
    shaken = trembling(faces, np.random.default_rng((seed, 1)), share=jitter, memory=0.5)
    for face, found in zip(faces, shaken, strict=True):
        rng = np.random.default_rng(seed)
        yield face.with_pixels(forge(found, scaled(donor, face.size_px / donor.size_px), rng))
