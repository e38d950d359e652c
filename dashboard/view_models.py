"""Messages and rows in, what the pages draw out: series, lanes, tables and states; no Streamlit, no store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any

from contracts.messages import DetectorResult, MediaVerdict, Segment, TrackVerdict
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Stage, Verdict
from dashboard import wording
from dashboard.item_queries import Row
from dashboard.projection import ItemDocuments

DELAYED_AFTER_S = 15
STOPPED_AFTER_S = 60
MOST_POINTS = 500
MOST_LANES = 8
# A span between two scores counts as seen if it is not much longer than the usual step between scores.
_STEPS_SEEN = 2.5


class Freshness(StrEnum):
    """How far what the page shows can be trusted to be current."""

    LIVE = "live"
    DELAYED = "delayed"
    STOPPED = "stopped"
    NEVER = "never"


def freshness(age_s: float | None) -> Freshness:
    """The state of the live feed by the age of the projector's last sign of life."""
    if age_s is None:
        return Freshness.NEVER
    if age_s > STOPPED_AFTER_S:
        return Freshness.STOPPED
    return Freshness.DELAYED if age_s > DELAYED_AFTER_S else Freshness.LIVE


@dataclass(frozen=True)
class Point:
    """One scored span on a lane; ``value`` is its calibrated probability."""

    start_s: float
    end_s: float
    value: float
    detector: str


@dataclass(frozen=True)
class Lane:
    """One face over the media's time: what was scored, and the spans that nobody scored."""

    track_id: int
    title: str
    points: tuple[Point, ...]
    unscored: tuple[tuple[float, float], ...]


def lanes_of(verdict: MediaVerdict) -> list[Lane]:
    """One lane per face track, the most suspicious first, with at most ``MOST_POINTS`` points in all."""
    duration_s = duration_of(verdict)
    shown = sorted(verdict.tracks, key=_suspicion, reverse=True)[:MOST_LANES]
    room = MOST_POINTS // max(1, len(shown))
    return [_lane(track, verdict.segments, duration_s, room) for track in shown]


def duration_of(verdict: MediaVerdict) -> float:
    """The length of the time axis: the media's own, or as far as anything reaches."""
    ends = [track.end for track in verdict.tracks] + [segment.end for segment in verdict.segments]
    return verdict.media.duration_s or max(ends, default=0.0)


def _suspicion(track: TrackVerdict) -> tuple[float, float]:
    return track.probability.value if track.probability else -1.0, track.end - track.start


def _lane(track: TrackVerdict, segments: Sequence[Segment], duration_s: float, room: int) -> Lane:
    own = [segment for segment in segments if segment.track == track.id and segment.confidence is not None]
    points = [Point(s.start, s.end, s.confidence or 0.0, s.model) for s in own]
    return Lane(
        track_id=track.id,
        title=wording.person(track.id),
        points=tuple(decimated(points, room)),
        unscored=tuple(unscored_spans([(point.start_s, point.end_s) for point in points], duration_s)),
    )


def decimated(points: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` points in the order of time; of neighbours the highest stays, so no peak is lost."""
    by_detector: dict[str, list[Point]] = {}
    for point in sorted(points, key=lambda point: point.start_s):
        by_detector.setdefault(point.detector, []).append(point)
    room = max(1, most // max(1, len(by_detector)))
    return [kept for series in by_detector.values() for kept in _peaks(series, room)]


def _peaks(series: Sequence[Point], room: int) -> list[Point]:
    stride = -(-len(series) // room)
    groups = [series[first : first + stride] for first in range(0, len(series), stride)]
    return [max(group, key=lambda point: point.value) for group in groups]


def unscored_spans(scored: Iterable[tuple[float, float]], duration_s: float) -> list[tuple[float, float]]:
    """The parts of 0 to ``duration_s`` that no score covers; a step as usual between two scores is covered."""
    spans = sorted(scored)
    if not spans:
        return [(0.0, duration_s)] if duration_s > 0 else []
    steps = [later[0] - earlier[0] for earlier, later in pairwise(spans) if later[0] > earlier[0]]
    step_s = median(steps) if steps else duration_s
    gaps, reached = [], 0.0
    for start, end in [*spans, (duration_s, duration_s)]:
        if start - reached > _STEPS_SEEN * step_s:
            gaps.append((reached, start))
        reached = max(reached, end)
    return gaps


@dataclass(frozen=True)
class DetectorBar:
    """One detector on the common axis; ``value`` is nothing unless it gave a number."""

    name: str
    value: float | None
    is_calibrated: bool
    note: str


def detector_bars(verdict: MediaVerdict) -> list[DetectorBar]:
    """Every detector of the deployment, those without a number with the word that says why."""
    return [_bar(result) for result in verdict.detectors]


def _bar(result: DetectorResult) -> DetectorBar:
    is_calibrated = result.calibrated is not None
    value = result.calibrated if is_calibrated else result.raw
    if result.untrained:
        note = "untrained"
    elif value is None:
        note = wording.DETECTOR_STATUS_WORDS[result.status].lower()
    else:
        note = f"{wording.out_of_100(value)} in 100" if is_calibrated else "raw score only"
    return DetectorBar(result.name, value, is_calibrated, note)


DETECTOR_HEAD = ("Detector", "Applies", "Status", "Raw score", "Calibrated", "Weight", "Time", "Version")


def detector_table(verdict: MediaVerdict) -> list[tuple[str, ...]]:
    """The bars once more as text, with everything that the event says of each detector."""
    return [_detector_row(result) for result in verdict.detectors]


def _detector_row(result: DetectorResult) -> tuple[str, ...]:
    status = wording.DETECTOR_STATUS_WORDS[result.status]
    parts = [status, "untrained weights" if result.untrained else "", result.detail or ""]
    return (
        result.name,
        "no" if result.status is DetectorStatus.NOT_APPLICABLE else "yes",
        " · ".join(part for part in parts if part),
        "–" if result.raw is None else f"{result.raw:.2f}",
        "–" if result.calibrated is None else wording.frequency(result.calibrated),
        "–" if result.weight is None else f"{result.weight:.2g}",
        "–" if result.ms is None else spoken_ms(result.ms),
        result.version or "–",
    )


def spoken_ms(milliseconds: float) -> str:
    """A processing time as people say it."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def spoken_bytes(size_bytes: int) -> str:
    """A file size as people say it."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


LANE_HEAD = ("Person", "Verdict", "Range", "From", "To", "Frames with the face", "Height of the face")


def track_table(verdict: MediaVerdict) -> list[tuple[str, ...]]:
    """The lanes once more as text."""
    return [
        (
            wording.person(track.id),
            wording.VERDICT_WORDS[track.verdict].word,
            wording.frequency_range(track.probability) if track.probability else "–",
            wording.clock(track.start),
            wording.clock(track.end),
            "–" if track.face_frames is None else str(track.face_frames),
            "–" if track.face_height_px is None else f"{track.face_height_px:.0f} px",
        )
        for track in verdict.tracks
    ]


HISTORY_HEAD = ("When", "Life cycle", "Verdict", "Range", "Reasons", "Policy")


def history_table(events: Sequence[Row], zone: tzinfo) -> list[tuple[str, ...]]:
    """Every verdict event of an item, newest first."""
    return [_history_row(event, zone) for event in reversed(events)]


def _history_row(event: Row, zone: tzinfo) -> tuple[str, ...]:
    low, high = event["low"], event["high"]
    reasons = [wording.REASON_WORDS[Reason(word)].short for word in event["reasons"].split()]
    return (
        moment(event["produced_at_s"], zone),
        wording.LIFECYCLE_WORDS[Lifecycle(event["lifecycle"])],
        wording.VERDICT_WORDS[Verdict(event["verdict"])].word,
        "–" if low is None else wording.range_words(low, high),
        ", ".join(reasons) or "–",
        event["policy_version"],
    )


def moment(at_s: float, zone: tzinfo) -> str:
    """A time of day with its date, in the reader's own zone."""
    return datetime.fromtimestamp(at_s, zone).strftime("%d %b %Y, %H:%M:%S")


_FAILED_AT = {
    Stage.INGEST: "taking it in",
    Stage.EXTRACT: "reading it",
    Stage.DETECT: "scoring it",
    Stage.AGGREGATE: "judging it",
    Stage.PROJECT: "showing it",
}


def failure_words(item: ItemDocuments) -> tuple[str, str, str]:
    """What happened, what it means and what to do next, for an item that the pipeline gave up on."""
    if item.failure is None:
        return "", "", ""
    step = _FAILED_AT[item.failure.stage]
    known = {reason.value: words for reason, words in wording.REASON_WORDS.items()}.get(item.failure.reason)
    happened = f"The pipeline stopped while {step}. {wording.closed(item.failure.detail)}"
    do = known.do if known else "Submit it again; if it stops once more, ask the operator to look at the dead letters."
    return happened, "There is no verdict, and nothing is said about the media.", do


def missing_words(verdict: MediaVerdict) -> str | None:
    """Which detectors are missing from a finished verdict and what that means; nothing if none is."""
    lost = (DetectorStatus.FAILED, DetectorStatus.UNAVAILABLE, DetectorStatus.PENDING)
    missing = [result.name for result in verdict.detectors if result.status in lost]
    if not missing or verdict.lifecycle is Lifecycle.PROVISIONAL:
        return None
    used = len(wording.with_a_say(verdict.detectors))
    every = wording.counted(len(verdict.detectors), "detector")
    return f"{len(missing)} of {every} gave no answer ({', '.join(missing)}). The verdict uses {used}."


def file_facts(item: ItemDocuments, zone: tzinfo) -> list[tuple[str, str]]:
    """What the file itself and its arrival tell; unknown facts are left out, not filled in."""
    known = item.verdict or item.extracted
    media = known.media if known else None
    found: list[tuple[str, Any]] = []
    if media is not None:
        size = f"{media.width_px} × {media.height_px} px" if media.width_px and media.height_px else None
        found += [
            ("Kind", media.kind.value if media.kind is not MediaKind.UNKNOWN else None),
            ("Container and codec", " · ".join(part for part in (media.container, media.codec) if part) or None),
            ("Resolution", size),
            ("Duration", wording.clock(media.duration_s) if media.duration_s else None),
            ("Frame rate", f"{media.frame_rate:.4g} per second" if media.frame_rate else None),
            ("Rotation", f"{media.rotation_degrees}°" if media.rotation_degrees else None),
            ("Sound", None if media.has_audio is None else ("yes, not looked at" if media.has_audio else "none")),
        ]
    if item.uploaded is not None:
        found += [
            ("Size", spoken_bytes(item.uploaded.size_bytes)),
            ("Arrived", moment(item.uploaded.received_at.timestamp(), zone)),
            ("Bucket", item.uploaded.bucket),
            ("Key", item.uploaded.key),
        ]
    found.append(("SHA-256", media.sha256 if media else None))
    found.append(("Item", item.media_id))
    return [(name, str(value)) for name, value in found if value]


def looked_for(verdict: MediaVerdict) -> str:
    """What was looked at and what was left out, in one sentence."""
    used = ", ".join(verdict.ensemble.used) or "none"
    quality = verdict.quality
    frames = ""
    if quality is not None and quality.sampled_frames:
        frames = f" {quality.face_frames} of {quality.sampled_frames} frames that were looked at show a face."
    return (
        f"Looked for: manipulated faces (detectors used: {used}).{frames} "
        "Not looked at: sound, text, context, edits away from faces, content credentials."
    )
