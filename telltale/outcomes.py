"""Verdicts and dead letters in; the JSON objects and the table that the command shows out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from contracts.messages import DeadLetter, DetectorResult, MediaVerdict
from contracts.vocabulary import Verdict
from dashboard import wording

_STYLES = {
    Verdict.LIKELY_MANIPULATED: "bold red",
    Verdict.SOME_EVIDENCE: "yellow",
    Verdict.NO_EVIDENCE_FOUND: "blue",
    Verdict.INCONCLUSIVE: "bright_black",
    Verdict.NOT_ASSESSED: "bright_black",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one file: a verdict event, or the dead letter that stands in its place."""

    path: str
    news: MediaVerdict | DeadLetter

    @property
    def verdict(self) -> MediaVerdict | None:
        return self.news if isinstance(self.news, MediaVerdict) else None


def as_object(outcome: Outcome) -> dict[str, Any]:
    """The JSON object of one file; ``probability`` is null unless there is a calibrated one."""
    if isinstance(outcome.news, DeadLetter):
        return _of_dead_letter(outcome.path, outcome.news)
    return _of_verdict(outcome.path, outcome.news)


def _of_verdict(path: str, verdict: MediaVerdict) -> dict[str, Any]:
    event = verdict.model_dump(mode="json")
    words = ("lifecycle", "verdict", "reasons", "probability", "detectors", "tracks", "segments", "problems")
    facts = ("media", "quality", "ensemble", "policy_version", "event_id", "seq")
    return {
        "path": path,
        "media_id": verdict.item_id,
        **{name: event[name] for name in words},
        "headline": wording.headline(verdict.verdict, verdict.reasons),
        "sentence": wording.sentence(verdict),
        "advice": [wording.REASON_WORDS[reason].do for reason in verdict.reasons],
        **{name: event[name] for name in facts},
    }


def _of_dead_letter(path: str, letter: DeadLetter) -> dict[str, Any]:
    return {
        "path": path,
        "media_id": letter.media_id,
        "verdict": None,
        "reasons": [letter.reason],
        "probability": None,
        "detectors": [],
        "tracks": [],
        "sentence": f"The {letter.stage.value} stage set it aside: {letter.detail}",
        "dead_letter": {"id": letter.dead_letter_id, "stage": letter.stage.value, "reason": letter.reason},
    }


def table_of(outcomes: Iterable[Outcome]) -> Table:
    """One line per file for people."""
    table = Table("file", "verdict", "probability", "detectors", box=None, pad_edge=False, expand=False)
    for outcome in outcomes:
        table.add_row(Text(outcome.path, overflow="fold"), _word(outcome), _probability(outcome), _detectors(outcome))
    return table


def _word(outcome: Outcome) -> Text:
    verdict = outcome.verdict
    if verdict is None:
        return Text(f"Set aside — {outcome.news.reason}" if isinstance(outcome.news, DeadLetter) else "", style="red")
    return Text(wording.headline(verdict.verdict, verdict.reasons), style=_STYLES[verdict.verdict])


def _probability(outcome: Outcome) -> str:
    probability = outcome.verdict.probability if outcome.verdict else None
    return wording.frequency_range(probability) if probability else "–"


def _detectors(outcome: Outcome) -> str:
    if outcome.verdict is None:
        return "–"
    return "\n".join(map(_detector, outcome.verdict.detectors))


def _detector(result: DetectorResult) -> str:
    if result.raw is None:
        return f"{result.name}: {wording.DETECTOR_STATUS_WORDS[result.status].lower()}"
    return f"{result.name} {result.raw:.2f}{' untrained' if result.untrained else ''}"


def line_of(verdict: MediaVerdict) -> str:
    """One event as one line: what it is about, how far it is, what it says."""
    about = verdict.media.source_key or verdict.uploaded.key
    stage = wording.LIFECYCLE_WORDS[verdict.lifecycle]
    odds = f", {wording.frequency_range(verdict.probability)}" if verdict.probability else ""
    said = wording.headline(verdict.verdict, verdict.reasons)
    untrained = [result.name for result in verdict.detectors if result.untrained]
    mark = f" (untrained: {', '.join(untrained)})" if untrained else ""
    return f"{verdict.produced_at.astimezone():%H:%M:%S}  {about}  {stage}: {said}{odds}{mark}"
