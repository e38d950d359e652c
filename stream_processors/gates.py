"""What limits a verdict in, the word out: the rules that turn a probability into one of five words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contracts.messages import MediaExtracted, Probability, Problem, TrackFacts
from contracts.vocabulary import DetectorStatus, MediaKind, Reason, Verdict
from detectors.decision import FORBID_A_CALL, FORBID_THE_ALL_CLEAR, Vote
from stream_processors.fusion import TrackScores
from stream_processors.members import Member
from stream_processors.outcomes import Outcome
from stream_processors.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The problems of an item, and which words they leave."""

    problems: tuple[Problem, ...] = ()
    call_forbidden: bool = False
    all_clear_forbidden: bool = False


def word_of(probability: Probability, members: Sequence[Member], limits: Limits, policy: Policy) -> Verdict:
    """The word for a probability that ``members`` gave; see ``DecisionRule.word``."""
    return policy.word(
        probability,
        thresholds_of(members, policy),
        may_call=_may_call(members, policy),
        call_forbidden=limits.call_forbidden,
        all_clear_forbidden=limits.all_clear_forbidden,
    )


def thresholds_of(members: Sequence[Member], policy: Policy) -> tuple[float, float]:
    """Lower and upper threshold: those on the card of the weightiest member that states some, else the policy's."""
    stated = [member for member in members if member.thresholds]
    weightiest = max(stated, key=lambda member: (member.weight, member.name), default=None)
    return policy.thresholds(weightiest.thresholds if weightiest else None)


def _may_call(members: Sequence[Member], policy: Policy) -> bool:
    weights = [member.weight for member in members]
    return policy.may_call(weights, alone=any(member.may_call_alone for member in members))


def track_problem(
    facts: TrackFacts | None, scores: TrackScores, members: Sequence[Member], policy: Policy, *, kind: MediaKind
) -> Problem | None:
    """Why a track is not judged: too few of its frames could be scored, because they are few or their faces small."""
    frames = scored_frames(scores, members)
    least = policy.least_face_frames_image if kind is MediaKind.IMAGE else policy.least_track_frames_video
    if frames >= least:
        return None
    needed_px = min((member.least_face_px for member in members), default=0)
    if facts is not None and facts.face_height_px_p5 < needed_px:
        return Problem(
            reason=Reason.FACE_TOO_SMALL,
            detail=f"Face {scores.track_id} is {facts.face_height_px_median:.0f} px high (needed: {needed_px}).",
        )
    return Problem(
        reason=Reason.TOO_FEW_FACE_FRAMES,
        detail=f"Face {scores.track_id} could be scored in {frames} frames (needed: {least}).",
    )


def scored_frames(scores: TrackScores, members: Sequence[Member]) -> int:
    """In how many frames of a track a detector scored the face, by the detector that scored most."""
    return max((scores.frames.get(member.name, 0) for member in members), default=0)


def limits_of(
    extracted: MediaExtracted,
    outcomes: Sequence[Outcome],
    votes: dict[str, float],
    policy: Policy,
    flaws: Sequence[Problem] = (),
) -> Limits:
    """Every limit on the item's verdict; the problems that withhold a call come first, then those against an all-clear.

    ``votes`` is the calibrated probability of each counted detector; ``flaws`` is what was measured against a call.
    """
    own = [
        *_few_frames(extracted, outcomes, policy),
        *_disagreement(outcomes, votes, policy),
        *_too_little_weight(outcomes, policy),
    ]
    problems = (*extracted.problems, *flaws, *(problem for outcome in outcomes for problem in outcome.problems))
    against_a_call = [problem for problem, forbids_call in own if forbids_call]
    against_a_call += [problem for problem in problems if problem.reason in FORBID_A_CALL]
    against_all_clear = [problem for problem, _ in own]
    against_all_clear += [problem for problem in problems if problem.reason in FORBID_THE_ALL_CLEAR]
    return Limits(
        problems=distinct((*against_a_call, *against_all_clear, *problems, *_small_faces(extracted, policy))),
        call_forbidden=bool(against_a_call),
        all_clear_forbidden=bool(against_all_clear),
    )


def forbidding(limits: Limits, problem: Problem) -> Limits:
    """The limits with a problem more, which forbids a call."""
    return replace(limits, problems=distinct((problem, *limits.problems)), call_forbidden=True)


def distinct(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in their order, each once."""
    return tuple(dict.fromkeys(problems))


def _few_frames(extracted: MediaExtracted, outcomes: Sequence[Outcome], policy: Policy) -> list[tuple[Problem, bool]]:
    if extracted.media.kind is MediaKind.IMAGE:
        return []
    counted = [outcome for outcome in outcomes if outcome.counted]
    frames = max((_distinct_frames(outcome) for outcome in counted), default=0)
    if frames < policy.least_face_frames_video:
        detail = f"A face could be scored in {frames} frames (needed: {policy.least_face_frames_video})."
        return [(Problem(reason=Reason.TOO_FEW_FACE_FRAMES, detail=detail), True)]
    # Each detector by the frames that were sampled for it: others may have asked for many more.
    parts = [(_distinct_frames(outcome), _sampled_frames(extracted, outcome)) for outcome in counted]
    if all(scored < policy.least_face_frame_share * sampled for scored, sampled in parts):
        # What those frames show stands; the rest of the video has shown nothing.
        scored, sampled = max(parts)
        detail = f"A face could be scored in {scored} of {sampled} sampled frames."
        return [(Problem(reason=Reason.TOO_FEW_FACE_FRAMES, detail=detail), False)]
    return []


def _distinct_frames(outcome: Outcome) -> int:
    """In how many frames the detector scored a face; those of several faces count once."""
    most: dict[float, int] = {}
    for clip in outcome.clips:
        most[clip.start_s] = max(most.get(clip.start_s, 0), clip.frames)
    return sum(most.values())


def _sampled_frames(extracted: MediaExtracted, outcome: Outcome) -> int:
    expected = extracted.expected.get(outcome.member.name)
    own = expected.sampled_frames if expected else None
    return extracted.quality.sampled_frames if own is None else own


def _disagreement(outcomes: Sequence[Outcome], votes: dict[str, float], policy: Policy) -> list[tuple[Problem, bool]]:
    voters = [outcome.member for outcome in outcomes if outcome.member.name in votes]
    ballot = [Vote(name=member.name, value=votes[member.name], weight=member.weight) for member in voters]
    sides = policy.contradicting(ballot, thresholds_of(voters, policy))
    if not sides:
        return []
    said = ", ".join(f"{vote.name} {vote.value:.2f}" for vote in sides)
    return [(Problem(reason=Reason.DETECTORS_DISAGREE, detail=f"Calibrated answers: {said}."), True)]


def _too_little_weight(outcomes: Sequence[Outcome], policy: Policy) -> list[tuple[Problem, bool]]:
    """Too much of the weight that could have been counted here is not in yet, or failed."""
    settled = (DetectorStatus.NOT_APPLICABLE, DetectorStatus.UNAVAILABLE)
    planned = [
        outcome
        for outcome in outcomes
        if outcome.member.calibration is not None
        and outcome.status not in settled
        and (outcome.counted or not outcome.untrained)  # untrained weights are as good as none
    ]
    total = sum(outcome.member.weight for outcome in planned)
    answered = sum(outcome.member.weight for outcome in planned if outcome.counted)
    if answered >= policy.least_answered_weight * total:
        return []
    detail = f"Detectors with {answered / total:.0%} of the planned weight answered."
    return [(Problem(reason=Reason.PARTIAL_RESULTS, detail=detail), True)]


def _small_faces(extracted: MediaExtracted, policy: Policy) -> list[Problem]:
    height = extracted.quality.face_height_px_p5
    if height is None or height >= policy.warn_face_height_px:
        return []
    detail = f"The smallest faces are {height:.0f} px high (good from {policy.warn_face_height_px:.0f})."
    return [Problem(reason=Reason.FACE_TOO_SMALL, detail=detail)]
