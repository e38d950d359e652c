"""Extraction facts and detector scores of one item in, its public verdict event out; the same in every run mode."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from contracts.codec import encode
from contracts.messages import (
    ClipScore,
    DetectorResult,
    DetectorScore,
    Ensemble,
    MediaExtracted,
    MediaVerdict,
    Probability,
    Problem,
    Thresholds,
    TrackFacts,
    TrackVerdict,
    utc_now,
)
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Verdict
from stream_processors import fusion
from stream_processors.code_version import code_version
from stream_processors.completeness import answered_batches, completeness_of
from stream_processors.evidence import ScoredCrop, crops_by_track, evidence_of, segments_of
from stream_processors.fitness import flaws_of_file, unfit_faces
from stream_processors.fusion import TrackScores
from stream_processors.gates import Limits, distinct, forbidding, limits_of, thresholds_of, track_problem, word_of
from stream_processors.members import Member, members_of
from stream_processors.outcomes import Outcome, outcomes_of
from stream_processors.policy import DEFAULT_POLICY, Policy
from stream_processors.stability import unstable

__all__ = ["DEFAULT_POLICY", "Member", "Policy", "judge", "members_of"]


def judge(
    extracted: MediaExtracted,
    scores: Sequence[DetectorScore],
    *,
    members: Sequence[Member],
    policy: Policy = DEFAULT_POLICY,
    seq: int,
    lifecycle: Lifecycle,
    supersedes: str | None = None,
    now: datetime | None = None,
) -> MediaVerdict:
    """The verdict on what is known of an item.

    The order and repetition of ``scores`` do not matter, and the same input gives the same ``event_id``. A ``final``
    verdict on incomplete input names what is missing as out of time; any other life cycle calls it still working.
    """
    case = _Case.of(extracted, scores, members, policy, out_of_time=lifecycle is Lifecycle.FINAL)
    probability = case.probability(case.judged, case.counted)
    verdict, limits = case.word(probability)
    problems = limits.problems[: policy.most_problems]
    event = MediaVerdict(
        media_id=extracted.media_id,
        item_id=extracted.media_id,
        event_id="",
        seq=seq,
        lifecycle=lifecycle,
        supersedes=supersedes,
        media=extracted.media,
        uploaded=extracted.uploaded,
        verdict=verdict,
        reasons=tuple(dict.fromkeys(problem.reason for problem in limits.problems)),
        problems=problems,
        probability=probability,
        thresholds=case.thresholds() if probability else None,
        ensemble=case.ensemble(),
        detectors=tuple(case.result(outcome) for outcome in case.outcomes),
        tracks=case.track_verdicts(scores, limits),
        segments=segments_of(case.clips, case.counted, policy, modality=_modality(extracted)),
        quality=extracted.quality,
        policy_version=policy.policy_version,
        gates=tuple(sorted(policy.gates)),
        code_version=code_version(),
        produced_at=now or utc_now(),
    )
    return _identified(_within(event, policy.most_event_bytes))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Case:
    """Everything that the parts of one verdict are read from; ``judged`` tracks decide, the others are only shown."""

    extracted: MediaExtracted
    policy: Policy
    outcomes: tuple[Outcome, ...]
    facts: dict[int, TrackFacts]
    tracks: dict[int, TrackScores]
    track_problems: dict[int, Problem]
    flaws: tuple[Problem, ...] = ()

    @classmethod
    def of(
        cls,
        extracted: MediaExtracted,
        scores: Sequence[DetectorScore],
        members: Sequence[Member],
        policy: Policy,
        *,
        out_of_time: bool,
    ) -> "_Case":
        progress = completeness_of(extracted, answered_batches(scores))
        outcomes = outcomes_of(extracted, scores, members, progress, policy, out_of_time=out_of_time)
        counted = [outcome.member for outcome in outcomes if outcome.counted]
        tracks = fusion.by_track({outcome.member.name: outcome.clips for outcome in outcomes if outcome.counted})
        facts = {track.track_id: track for track in extracted.tracks}
        problems = {
            track: problem
            for track, found in tracks.items()
            if (problem := track_problem(facts.get(track), found, counted, policy, kind=extracted.media.kind))
        }
        fit = tracks.keys() - problems.keys()
        unfit = unfit_faces(fit, facts, outcomes, policy)
        flaws = list(flaws_of_file(extracted, policy))
        if unfit.keys() == fit:
            flaws += unfit.values()  # no better face decides instead
        else:
            problems |= unfit
        return cls(
            extracted=extracted,
            policy=policy,
            outcomes=outcomes,
            facts=facts,
            tracks=tracks,
            track_problems=problems,
            flaws=tuple(flaws),
        )

    @property
    def counted(self) -> list[Member]:
        return [outcome.member for outcome in self.outcomes if outcome.counted]

    @property
    def judged(self) -> list[TrackScores]:
        return [found for track, found in self.tracks.items() if track not in self.track_problems]

    @property
    def clips(self) -> dict[str, Sequence]:
        return {outcome.member.name: outcome.clips for outcome in self.outcomes}

    def probability(self, tracks: Sequence[TrackScores], members: Sequence[Member]) -> Probability | None:
        # The same bytes get the same range wherever they lie.
        seed = self.extracted.media.sha256 or self.extracted.media_id
        found = fusion.estimate(tracks, members, self.policy, seed=seed)
        if found is None:
            return None
        used = [member for member in members if any(member.name in track.raw for track in tracks)]
        ids = "+".join(member.calibration.id for member in used if member.calibration)
        return _rounded(found.probability(self.policy, calibration_id=ids))

    def word(self, probability: Probability | None) -> tuple[Verdict, Limits]:
        if probability is not None:
            limits = limits_of(self.extracted, self.outcomes, self._votes, self.policy, self.flaws)
            if doubt := self._instability(probability):
                limits = forbidding(limits, doubt)
            return word_of(probability, self._used, limits, self.policy), limits
        of_detectors = [problem for outcome in self.outcomes for problem in outcome.problems]
        if any(outcome.status is DetectorStatus.SCORED for outcome in self.outcomes):
            problems = distinct((*self.extracted.problems, *self.track_problems.values(), *of_detectors))
            return Verdict.INCONCLUSIVE, Limits(problems=problems)
        problems = (*self.extracted.problems, *of_detectors)
        excluded = self.extracted.not_applicable.values()
        reasons = distinct((*problems, *(p for p in excluded if p.reason not in {q.reason for q in problems})))
        return Verdict.NOT_ASSESSED, Limits(problems=reasons or (_NOTHING_TO_DO,))

    def _instability(self, probability: Probability) -> Problem | None:
        if Reason.UNSTABLE_UNDER_REENCODE not in self.policy.gates:
            return None

        def judged(clips: dict[str, list[ClipScore]]) -> tuple[Verdict, Probability] | None:
            tracks = fusion.by_track(clips)
            after = self.probability([tracks[one.track_id] for one in self.judged], self.counted)
            return None if after is None else (self._plain_word(after), after)

        counted = {outcome.member.name: outcome.clips for outcome in self.outcomes if outcome.counted}
        return unstable((self._plain_word(probability), probability), counted, judged)

    def _plain_word(self, probability: Probability) -> Verdict:
        return word_of(probability, self._used, Limits(), self.policy)

    def thresholds(self) -> Thresholds:
        lower, upper = thresholds_of(self._used, self.policy)
        return Thresholds(lower=lower, upper=upper)

    def ensemble(self) -> Ensemble:
        used = self._used
        return Ensemble(
            method=fusion.METHOD if len(self.judged) < 2 else fusion.METHOD_OF_TRACKS,
            used=tuple(member.name for member in used),
            missing=tuple(outcome.member.name for outcome in self.outcomes if outcome.missing),
            effective_n=effective if (effective := fusion.effective_number(used)) is None else round(effective, 3),
        )

    def result(self, outcome: Outcome) -> DetectorResult:
        scored = outcome.status is DetectorStatus.SCORED
        alone = fusion.by_track({outcome.member.name: outcome.clips})
        raw = fusion.raw_of(list(alone.values()), outcome.member)
        return DetectorResult(
            name=outcome.member.name,
            version=outcome.version or outcome.member.version or None,
            weights_hash=outcome.weights_sha256,
            calibration_sha256=outcome.member.calibration_sha256 if outcome.counted else None,
            status=outcome.status,
            untrained=outcome.untrained,
            raw=round(raw, 6) if scored and raw is not None else None,
            calibrated=self._votes.get(outcome.member.name),
            weight=outcome.member.weight if outcome.counted else None,
            clips=len(outcome.clips),
            ms=outcome.elapsed_ms,
            detail=outcome.detail,
        )

    def track_verdicts(self, scores: Sequence[DetectorScore], limits: Limits) -> tuple[TrackVerdict, ...]:
        crops = crops_by_track(scores, self.counted)
        made = [self._track(track, crops.get(track, ()), limits) for track in sorted({*self.facts, *self.tracks})]
        # Beyond the policy's limit the most suspicious and the longest faces stay.
        made.sort(key=lambda t: (-(t.probability.value if t.probability else -1.0), -(t.face_frames or 0), t.id))
        return tuple(sorted(made[: self.policy.most_tracks], key=lambda t: t.id))

    def _track(self, track: int, crops: Sequence[ScoredCrop], limits: Limits) -> TrackVerdict:
        facts, scores = self.facts.get(track), self.tracks.get(track)
        members = [member for member in self.counted if scores and member.name in scores.raw]
        judged = [scores] if scores and track not in self.track_problems else []
        probability = self.probability(judged, members)
        if probability is not None:
            verdict = word_of(probability, members, limits, self.policy)
        else:
            verdict = Verdict.INCONCLUSIVE if scores else Verdict.NOT_ASSESSED
        return TrackVerdict(
            id=track,
            start=facts.start_s if facts else min((crop.pts_s for crop in crops), default=0.0),
            end=facts.end_s if facts else max((crop.pts_s for crop in crops), default=0.0),
            verdict=verdict,
            probability=probability,
            face_frames=facts.face_frames if facts else None,
            face_height_px=facts.face_height_px_median if facts else None,
            evidence=evidence_of(crops, self.policy),
        )

    @cached_property
    def _used(self) -> list[Member]:
        return [member for member in self.counted if any(member.name in track.raw for track in self.judged)]

    @cached_property
    def _votes(self) -> dict[str, float]:
        answers = {member.name: self.probability(self.judged, [member]) for member in self._used}
        return {name: answer.value for name, answer in answers.items() if answer}


_NOTHING_TO_DO = Problem(reason=Reason.POLICY_SKIPPED, detail="No detector of this deployment was asked.")


def _modality(extracted: MediaExtracted) -> str:
    return "image" if extracted.media.kind is MediaKind.IMAGE else "video"


def _rounded(probability: Probability) -> Probability:
    digits = {name: round(getattr(probability, name), 4) for name in ("value", "low", "high")}
    return probability.model_copy(update=digits)


def _within(event: MediaVerdict, most_bytes: int) -> MediaVerdict:
    """The event, with fewer spans and crops where it would not fit into a message; never a changed number."""
    while len(encode(event)) > most_bytes:
        tracks = tuple(
            track.model_copy(update={"evidence": track.evidence[: len(track.evidence) // 2]}) for track in event.tracks
        )
        smaller = {"segments": event.segments[: len(event.segments) // 2], "tracks": tracks}
        if tracks == event.tracks and not event.segments:
            smaller = {"tracks": tracks[: len(tracks) // 2], "problems": event.problems[: len(event.problems) // 2]}
            if not event.tracks and not event.problems:
                return event
        event = event.model_copy(update=smaller)
    return event


def _identified(event: MediaVerdict) -> MediaVerdict:
    # Times of day, durations and releases differ when a stage repeats its work; what is said does not.
    unsaid = {"event_id": True, "produced_at": True, "code_version": True, "detectors": {"__all__": {"ms"}}}
    said = event.model_dump(mode="json", exclude=unsaid)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return event.model_copy(update={"event_id": hashlib.sha256(text.encode()).hexdigest()[:32]})
