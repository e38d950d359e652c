"""Scores of a detector and the same after mild re-encoding in; whether the word would be another one out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from contracts.messages import ClipScore, Probability, Problem
from contracts.vocabulary import Reason, Verdict
from detectors.calibration import logit, sigmoid
from stream_processors.reencoding import CHANGES

Judged = tuple[Verdict, Probability]


def unstable(
    now: Judged, clips: Mapping[str, Sequence[ClipScore]], judge: Callable[[dict[str, list[ClipScore]]], Judged | None]
) -> Problem | None:
    """The problem that one of the changes turns the word into another; nothing where none does or nobody tried.

    ``clips``: per detector its scored clips; ``judge``: the word and the number for other ones in their place.
    """
    for number, change in enumerate(CHANGES):
        if not any(len(clip.reencoded) > number for some in clips.values() for clip in some):
            continue
        after = judge({name: as_after(some, number) for name, some in clips.items()})
        if after is not None and after[0] is not now[0]:
            detail = (
                f"After {change.name} it would be {_words(after[0])} ({after[1].value:.2f}) "
                f"instead of {_words(now[0])} ({now[1].value:.2f})."
            )
            return Problem(reason=Reason.UNSTABLE_UNDER_REENCODE, detail=detail)
    return None


def as_after(clips: Sequence[ClipScore], number: int) -> list[ClipScore]:
    """The clips as change ``number`` would leave their scores.

    Clips that were not tried move by the mean shift of the logits of those of their track that were.
    """
    shifts: dict[int, list[float]] = defaultdict(list)
    for clip in clips:
        if len(clip.reencoded) > number:
            shifts[clip.track_id].append(logit(clip.reencoded[number]) - logit(clip.raw_score))
    return [_moved(clip, number, shifts.get(clip.track_id)) for clip in clips]


def _moved(clip: ClipScore, number: int, shifts: Sequence[float] | None) -> ClipScore:
    if len(clip.reencoded) > number:
        return clip.model_copy(update={"raw_score": clip.reencoded[number]})
    if not shifts:
        return clip
    return clip.model_copy(update={"raw_score": sigmoid(logit(clip.raw_score) + fmean(shifts))})


def _words(verdict: Verdict) -> str:
    return verdict.replace("_", " ")
