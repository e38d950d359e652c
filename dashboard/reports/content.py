"""What is known of an item in; what its report says out, section by section, the same for every format.

Everything is taken from the verdict event, the history and the reviews; nothing is worded freely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from contracts.messages import Evidence, MediaVerdict
from contracts.vocabulary import MediaKind, Verdict
from dashboard import charts, wording
from dashboard.certainty import what_limits
from dashboard.evidence_pictures import Wanted, wanted_of
from dashboard.item_queries import Row
from dashboard.projection import ItemDocuments, name_of
from dashboard.reviews import BASIS_WORDS, OUTCOME_WORDS, Review
from dashboard.view_models import (
    DETECTOR_HEAD,
    HISTORY_HEAD,
    LANE_HEAD,
    detector_bars,
    detector_table,
    duration_of,
    file_facts,
    history_table,
    lanes_of,
    looked_for,
    missing_words,
    moment,
    track_table,
)

_MOST_CROPS = 6
_METHOD = (
    "Faces are found and followed through the media; detectors score pictures of them; the scores are calibrated on "
    "files whose origin is known, combined into one estimate with a range, and held against two thresholds. Gates "
    "withhold a call where quality, disagreement or unfamiliar material makes one undependable."
)
_LIMITS = (
    "The verdict is about traces in pictures of faces. It says nothing of sound, context, other edits, or intent. "
    "Missing traces do not show that media is authentic; found traces can mislead. A person decides."
)


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Crop:
    """A face that pulled the result up or down, as JPEG bytes with its words."""

    picture: bytes
    words: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report in plain text, tables and drawings; ``draft`` until a person has reviewed the item."""

    name: str
    media_id: str
    made_at: str
    draft: bool
    verdict: Verdict
    headline: str
    summary: Sequence[str]
    limits: Sequence[str]
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    drawings: Sequence[tuple[str, str]]
    crops: Sequence[Crop]
    versions: Sequence[str]
    command: str
    method: str = _METHOD
    caution: str = _LIMITS


def report_of(
    item: ItemDocuments,
    *,
    history: Sequence[Row],
    reviews: Sequence[Review],
    crops: Mapping[Wanted, bytes],
    zone: tzinfo,
    now: datetime,
) -> Report:
    """The report of an item with a verdict; times are told in ``zone``. Raises ``ValueError`` where there is none."""
    verdict = item.verdict
    if verdict is None:
        raise ValueError(f"{item.media_id} has no verdict yet, so there is nothing to report")
    return Report(
        name=name_of(item.uploaded.key) if item.uploaded else item.media_id,
        media_id=item.media_id,
        made_at=moment(now.timestamp(), zone),
        draft=not reviews,
        verdict=verdict.verdict,
        headline=wording.headline(verdict.verdict, verdict.reasons),
        summary=[part for part in _summary(verdict) if part],
        limits=[*_reasons(verdict), *what_limits(verdict)],
        facts=file_facts(item, zone),
        tables=[*_tables(verdict, history, zone), *_reviewed(reviews, zone)],
        drawings=_drawings(verdict),
        crops=_crops(verdict, crops),
        versions=_versions(verdict),
        command=_command(verdict),
    )


def _summary(verdict: MediaVerdict) -> list[str]:
    estimate = f"Estimate: {wording.frequency_range(verdict.probability)}." if verdict.probability else "No estimate."
    return [wording.sentence(verdict), estimate, missing_words(verdict) or "", looked_for(verdict)]


def _reasons(verdict: MediaVerdict) -> list[str]:
    told = []
    for reason in verdict.reasons:
        words = wording.REASON_WORDS[reason]
        happened = wording.closed(wording.detail_of(reason, verdict.problems) or words.happened)
        told.append(f"{words.short.capitalize()}. {happened} {words.means} {words.do}")
    return told


def _tables(verdict: MediaVerdict, history: Sequence[Row], zone: tzinfo) -> list[Table]:
    found = [
        Table("People", LANE_HEAD, track_table(verdict)),
        Table("Detectors", DETECTOR_HEAD, detector_table(verdict)),
        Table("History of the verdict", HISTORY_HEAD, history_table(history, zone)),
    ]
    return [table for table in found if table.rows]


def _reviewed(reviews: Sequence[Review], zone: tzinfo) -> list[Table]:
    return [Table("Reviews by people", REVIEW_HEAD, review_table(reviews, zone))] if reviews else []


REVIEW_HEAD = ("When", "Who", "Conclusion", "Rests on", "Before the verdict was shown", "Note")


def review_table(reviews: Sequence[Review], zone: tzinfo) -> list[tuple[str, ...]]:
    """Every review of an item, newest first."""
    return [
        (
            moment(review.reviewed_at_s, zone),
            review.reviewer,
            OUTCOME_WORDS[review.outcome],
            ", ".join(BASIS_WORDS[basis] for basis in review.basis) or "–",
            "yes" if review.before_verdict else "no",
            review.note or "–",
        )
        for review in reversed(reviews)
    ]


def _drawings(verdict: MediaVerdict) -> list[tuple[str, str]]:
    drawn = []
    if verdict.detectors:
        bars = charts.detector_bars(detector_bars(verdict), thresholds=verdict.thresholds)
        drawn.append(("Result of each detector", charts.on_paper(bars)))
    lanes = lanes_of(verdict)
    if verdict.media.kind is not MediaKind.IMAGE and any(lane.points for lane in lanes):
        line = charts.timeline(lanes, duration_s=duration_of(verdict), thresholds=verdict.thresholds)
        drawn.append(("Scores over time; hatched: not scored", charts.on_paper(line)))
    return drawn


def _crops(verdict: MediaVerdict, crops: Mapping[Wanted, bytes]) -> list[Crop]:
    every = [(track.id, one) for track in verdict.tracks for one in track.evidence if wanted_of(one) in crops]
    strongest = sorted(every, key=lambda pair: -pair[1].probability)[:_MOST_CROPS]
    return [Crop(crops[wanted_of(one)], _crop_words(track, one)) for track, one in strongest]


def _crop_words(track: int, one: Evidence) -> str:
    return f"{wording.person(track)}, {wording.clock(one.pts_s)}: {wording.out_of_100(one.probability)} in 100"


def _versions(verdict: MediaVerdict) -> list[str]:
    used = [
        f"{result.name} {result.version or ''}, weights {result.weights_hash or 'unknown'}".replace(" ,", ",")
        for result in verdict.detectors
    ]
    calibration = verdict.probability.calibration_id if verdict.probability else None
    fixed = [
        f"verdict event {verdict.event_id}",
        f"policy {verdict.policy_version}",
        f"method {verdict.ensemble.method}",
    ]
    return [*fixed, *([f"calibration {calibration}"] if calibration else []), *used]


def _command(verdict: MediaVerdict) -> str:
    names = ",".join(result.name for result in verdict.detectors)
    return f"telltale scan FILE --detectors {names}" if names else "telltale scan FILE"
