"""The logits of faces in, the scores of faces, of frames and of a video out.

The original scores faces only. The largest face score of a frame, and the mean over frames, are rules of this project
after a sentence of its README.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from detectors.systems.footage import Compat


def face_scores(logits: Tensor, *, compat: Compat = "corrected") -> Tensor:
    """The probability of *manipulated* of n faces from n x 2 logits (genuine, manipulated).

    The original gives the larger of both probabilities, at least one half always, so that every face is called
    manipulated.
    """
    both = torch.softmax(logits.double(), dim=1)
    return both.amax(dim=1) if compat == "original" else both[:, 1]


def frame_score(scores: Sequence[float]) -> float | None:
    """The largest score of a frame's faces; ``None`` without a face."""
    return max(scores, default=None)


def video_score(frame_scores: Sequence[float | None]) -> float | None:
    """The mean over the frames that have a face; ``None`` where no frame has one."""
    known = [score for score in frame_scores if score is not None]
    return sum(known) / len(known) if known else None
