"""What was measured of an item in; the limits that follow: faces that no call can rest on, and a file that none can."""

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean, median

from contracts.messages import MediaExtracted, Problem, TrackFacts
from contracts.vocabulary import Reason
from ingest.quality_reference import QualityReference, quality_reference
from stream_processors.outcomes import Outcome
from stream_processors.policy import Policy

_BEYOND = 1.0
_LEAST_SHARE_THAT_KNOWS_NOT = 0.5  # of the weight of the detectors that can tell


def flaws_of_file(
    extracted: MediaExtracted, policy: Policy, reference: QualityReference | None = None
) -> tuple[Problem, ...]:
    """What speaks against a call on any face of this file: its compression."""
    if Reason.HEAVY_COMPRESSION not in policy.gates:
        return ()
    detail = (reference or quality_reference()).compression_flaw(extracted.media, extracted.quality)
    return (Problem(reason=Reason.HEAVY_COMPRESSION, detail=detail),) if detail else ()


def unfit_faces(
    tracks: Collection[int],
    facts: Mapping[int, TrackFacts],
    outcomes: Sequence[Outcome],
    policy: Policy,
    reference: QualityReference | None = None,
) -> dict[int, Problem]:
    """Of these face tracks those that no call can rest on, each with the reason: poor pictures, or unlike all known."""
    found = {}
    for track in sorted(tracks):
        detail = (reference or quality_reference()).face_flaw(facts[track]) if track in facts else None
        if detail and Reason.LOW_LIGHT_OR_BLUR in policy.gates:
            found[track] = Problem(reason=Reason.LOW_LIGHT_OR_BLUR, detail=detail)
        elif Reason.OUT_OF_DOMAIN in policy.gates and (strange := _strangeness(track, outcomes)):
            found[track] = Problem(reason=Reason.OUT_OF_DOMAIN, detail=strange)
    return found


def _strangeness(track: int, outcomes: Sequence[Outcome]) -> str | None:
    """Why the detectors do not know this face: at least half of the weight of those that can tell says so."""
    told: dict[str, tuple[float, float]] = {}
    for outcome in outcomes:
        far = [c.unfamiliarity for c in outcome.clips if c.track_id == track and c.unfamiliarity is not None]
        if outcome.counted and far:
            told[outcome.member.name] = (median(far), outcome.member.weight)
    strangers = {name: far for name, (far, _) in told.items() if far > _BEYOND}
    weight = sum(told[name][1] for name in strangers)
    if not strangers or weight < _LEAST_SHARE_THAT_KNOWS_NOT * sum(weight for _, weight in told.values()):
        return None
    times = fmean(strangers.values())
    return (
        f"Face {track} looks unlike the faces that {', '.join(strangers)} was calibrated on: "
        f"{times:.1f} times the distance within which 99 % of those lie."
    )
