"""Logits of the members in, scores of faces, members and the video out; 0 genuine, 1 manipulated."""

from collections.abc import Mapping, Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.systems.eighteen.members import MEMBERS, SHARE_OF_GROUP, Group, Member
from detectors.systems.eighteen.sampling import GROUP
from detectors.systems.footage import Compat

FAILED = -1.0
_MANIPULATED = 1
_MOST = 0.7

Doubles = NDArray[np.float64]


class MissingScore(ValueError):
    """A member gave no score; the message names it. The system is one of eleven votes, not of what is left of it."""


def probability(logits: ArrayLike) -> Doubles:
    """... x 2 logits as probabilities of *manipulated*."""
    values = np.asarray(logits, dtype=np.float64)
    lead = values[..., _MANIPULATED] - values[..., 1 - _MANIPULATED]
    return (1.0 + np.tanh(lead / 2.0)) / 2.0


def face_score_of_pictures(logits: ArrayLike, *, compat: Compat = "corrected") -> float:
    """The score of one face from its T x 2 logits, those of mirrored pictures already averaged in.

    Groups of 5 pictures in a row share their mean logits. Where more than 70 % of the groups are above 0.85, or below
    0.15, the others do not count. Fewer than 5 pictures are one group of their own; ``original`` gives them -1.
    """
    values = np.asarray(logits, dtype=np.float64)
    if len(values) < GROUP and compat == "original":
        return FAILED
    size = min(GROUP, len(values))
    whole = values[: len(values) // size * size]
    groups = probability(whole.reshape(-1, size, 2).mean(axis=1))
    return float(groups[_that_count(groups, low=0.15, high=0.85)].mean())


def _that_count(scores: Doubles, *, low: float, high: float) -> NDArray[np.bool_]:
    """Which of some scores count: those above ``high`` or else below ``low`` if they are more than 70 %, or all."""
    for alike in (scores > high, scores < low):
        if alike.mean() > _MOST:
            return alike
    return np.ones(len(scores), dtype=np.bool_)


def score_of_faces(scores: Sequence[float]) -> float:
    """The score of a video from those of its faces: one that is surely manipulated is enough."""
    if max(scores) > 0.9 or min(scores) > 0.6:
        return max(scores)
    if max(scores) < 0.4:
        return min(scores)
    return float(np.mean(scores))


def drawn_in(score: float) -> float:
    """A score at the very ends (0.98, 0.02) a little further inside, for members that are too sure of themselves."""
    return (score - 0.5) * 0.96 + 0.5 if score >= 0.98 or score <= 0.02 else score


def member_score(member: Member, faces: Sequence[ArrayLike], *, compat: Compat = "corrected") -> float:
    """What a member says of a video.

    ``faces`` holds its logits for each face: 2 of a network for tubes, T x 2 of one for pictures. ``original`` gives
    -1 where a face has fewer than 5 pictures.
    """
    if member.group == "video":
        scores = [float(probability(logits)) for logits in faces]
    else:
        scores = [face_score_of_pictures(logits, compat=compat) for logits in faces]
    if FAILED in scores:
        return FAILED
    score = score_of_faces(scores)
    return drawn_in(score) if member.end_scaled else score


@overload
def final_score(scores: Mapping[str, float], *, compat: Literal["corrected"] = "corrected") -> float: ...
@overload
def final_score(scores: Mapping[str, float], *, compat: Compat) -> float | None: ...
def final_score(scores: Mapping[str, float], *, compat: Compat = "corrected") -> float | None:
    """The score of the system from those of its members by name: 0.4 from the tubes, 0.6 from the pictures.

    Within a group, where more than 70 % are above 0.8, or below 0.2, the others do not count. A member that is absent,
    has failed (-1) or says something else that is no score is an error; ``original`` leaves out those that are absent
    or failed, and a group of failures with them, and gives ``None`` where nobody is left.

    Raises:
        MissingScore: a member has no score; only with ``corrected``.
    """
    missing = [member.name for member in MEMBERS if not 0.0 <= scores.get(member.name, FAILED) <= 1.0]
    if missing and compat == "corrected":
        raise MissingScore(f"no score of {', '.join(missing)}")
    groups = [(share, _group_score(group, scores)) for group, share in SHARE_OF_GROUP.items()]
    present = [(share, score) for share, score in groups if score is not None]
    if not present:
        return None
    return sum(share * score for share, score in present) / sum(share for share, _ in present)


def _group_score(group: Group, scores: Mapping[str, float]) -> float | None:
    voters = [member for member in MEMBERS if member.group == group and scores.get(member.name, FAILED) != FAILED]
    if not voters:
        return None
    given = np.array([scores[member.name] for member in voters])
    counted = _that_count(given, low=0.2, high=0.8)
    return float(np.average(given[counted], weights=np.array([member.weight for member in voters])[counted]))
