"""One detector's answers on one item in; what became of it, whether it may be counted, and why not, out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.messages import ClipScore, DetectorScore, MediaExtracted, Problem
from contracts.vocabulary import DetectorStatus, Reason
from stream_processors.completeness import Completeness
from stream_processors.members import Member
from stream_processors.policy import Policy

_ANSWERS_BY_WEIGHT = (DetectorStatus.FAILED, DetectorStatus.UNAVAILABLE, DetectorStatus.NOT_APPLICABLE)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one member on one item; it is ``counted`` only with clips, a calibration and trained weights.

    ``problems`` are the limits that it puts on the item's verdict; ``detail`` is one sentence about itself.
    """

    member: Member
    status: DetectorStatus
    clips: tuple[ClipScore, ...] = ()
    version: str | None = None
    weights_sha256: str | None = None
    untrained: bool = False
    elapsed_ms: float | None = None
    detail: str | None = None
    problems: tuple[Problem, ...] = ()
    counted: bool = False

    @property
    def missing(self) -> bool:
        return self.status in (DetectorStatus.UNAVAILABLE, DetectorStatus.FAILED, DetectorStatus.PENDING)


def outcomes_of(
    extracted: MediaExtracted,
    scores: Sequence[DetectorScore],
    members: Sequence[Member],
    progress: Completeness,
    policy: Policy,
    *,
    out_of_time: bool,
) -> tuple[Outcome, ...]:
    """One outcome per member, in their order; detectors that answered without being members come last, uncounted.

    ``out_of_time``: what has not been answered by now is not waited for.
    """
    latest = {(score.detector, score.chunk_index): score for score in scores}
    answers = [latest[key] for key in sorted(latest)]
    known = {member.name for member in members}
    strangers = sorted({score.detector for score in answers} - known)
    everyone = (*members, *(Member(name=name, version="", calibration=None, weight=0.0) for name in strangers))
    return tuple(
        _outcome(
            member,
            [score for score in answers if score.detector == member.name],
            extracted,
            progress,
            policy,
            out_of_time=out_of_time,
        )
        for member in everyone
    )


def _outcome(
    member: Member,
    answers: Sequence[DetectorScore],
    extracted: MediaExtracted,
    progress: Completeness,
    policy: Policy,
    *,
    out_of_time: bool,
) -> Outcome:
    not_applicable = extracted.not_applicable.get(member.name)
    if not_applicable is not None:
        return Outcome(member=member, status=DetectorStatus.NOT_APPLICABLE, detail=not_applicable.detail)
    owed = _owed(member, progress, out_of_time=out_of_time)
    if not any(score.clips for score in answers):
        return _without_clips(member, answers, owed, extracted)
    return _with_clips(member, answers, owed, policy)


def _owed(member: Member, progress: Completeness, *, out_of_time: bool) -> Problem | None:
    batches = progress.pending.get(member.name, 0)
    if not batches and progress.extracted:
        return None
    if not out_of_time:
        return Problem(reason=Reason.PARTIAL_RESULTS, detail=f"{member.name} is still working.")
    if not batches:
        return Problem(reason=Reason.TIMEOUT, detail=f"Extraction did not end in time; {member.name} saw a part only.")
    announced = progress.expected[member.name]
    return Problem(
        reason=Reason.TIMEOUT, detail=f"{member.name} left {batches} of {announced} batches unanswered in time."
    )


def _without_clips(
    member: Member, answers: Sequence[DetectorScore], owed: Problem | None, extracted: MediaExtracted
) -> Outcome:
    by_status = {score.status: score for score in answers}
    status = next((status for status in _ANSWERS_BY_WEIGHT if status in by_status), None)
    if status is None:
        if owed is None:
            return Outcome(member=member, status=DetectorStatus.NOT_APPLICABLE, detail=_nothing_for_it(extracted))
        return Outcome(member=member, status=DetectorStatus.PENDING, detail=owed.detail, problems=(owed,))
    said = by_status[status]
    reason = {
        DetectorStatus.UNAVAILABLE: Reason.DETECTOR_UNAVAILABLE,
        DetectorStatus.FAILED: Reason.PARTIAL_RESULTS,
    }.get(status)
    detail = said.detail or f"It answered {status}."
    return Outcome(
        member=member,
        status=status,
        version=said.detector_version or None,
        weights_sha256=said.weights_sha256,
        untrained=said.untrained,
        elapsed_ms=_elapsed(answers),
        detail=detail,
        problems=(Problem(reason=reason, detail=f"{member.name}: {detail}"),) if reason else (),
    )


def _nothing_for_it(extracted: MediaExtracted) -> str:
    return "No clip of this item met what it needs." if extracted.complete else "It was sent no clips."


def _with_clips(member: Member, answers: Sequence[DetectorScore], owed: Problem | None, policy: Policy) -> Outcome:
    scored = [score for score in answers if score.clips]
    last = scored[-1]
    untrained = any(score.untrained for score in scored)
    uncounted = _why_uncounted(member, scored, policy, untrained=untrained)
    failed = [score for score in answers if score.status is DetectorStatus.FAILED]
    doubts = uncounted or _too_old(member, last)
    limits = [problem for problem in (_failures(member, failed, answers), owed, doubts) if problem]
    return Outcome(
        member=member,
        status=DetectorStatus.SCORED,
        clips=tuple(clip for score in scored for clip in score.clips),
        version=last.detector_version,
        weights_sha256=last.weights_sha256,
        untrained=untrained,
        elapsed_ms=_elapsed(answers),
        detail=" ".join(problem.detail for problem in limits) or None,
        problems=tuple(limits),
        counted=uncounted is None,
    )


def _failures(member: Member, failed: Sequence[DetectorScore], answers: Sequence[DetectorScore]) -> Problem | None:
    if not failed:
        return None
    why = failed[0].detail or "no detail"
    return Problem(
        reason=Reason.PARTIAL_RESULTS, detail=f"{member.name} failed on {len(failed)} of {len(answers)} batches: {why}"
    )


def _why_uncounted(
    member: Member, scored: Sequence[DetectorScore], policy: Policy, *, untrained: bool
) -> Problem | None:
    if untrained and not policy.fuse_untrained:
        detail = f"{member.name} ran on untrained weights; its numbers say nothing about the media."
    elif member.calibration is None:
        detail = f"{member.name} has no calibration; its raw scores are shown and not counted."
    elif strangers := sorted({score.detector_version for score in scored if not member.is_calibrated_for(score)}):
        detail = f"{member.name} {', '.join(strangers)} scored, but the calibration is that of {_calibrated(member)}."
    else:
        return None
    return Problem(reason=Reason.CALIBRATION_MISSING, detail=detail)


def _calibrated(member: Member) -> str:
    weights = member.calibration.weights_sha256 if member.calibration else None
    return f"{member.version} with the weights {weights[:8]}" if weights else member.version


def _too_old(member: Member, last: DetectorScore) -> Problem | None:
    """A caveat, not a gate: the fit was believed until that day, and nothing says how wrong it is now."""
    if member.calibration is None or last.scored_at < member.calibration.expires_at:
        return None
    day = member.calibration.expires_at.date().isoformat()
    return Problem(
        reason=Reason.CALIBRATION_MISSING, detail=f"The calibration of {member.name} was to be renewed by {day}."
    )


def _elapsed(answers: Iterable[DetectorScore]) -> float:
    return round(sum(score.elapsed_ms for score in answers), 1)
