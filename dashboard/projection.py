"""What the topics have told of one media item goes in; the row that the inbox shows of it comes out."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from contracts.messages import DeadLetter, Evidence, MediaExtracted, MediaUploaded, MediaVerdict, Message
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Stage, Verdict

DONE = (Lifecycle.FINAL, Lifecycle.SUPERSEDED)


class Tab(StrEnum):
    """The piles of the inbox, most urgent first."""

    LIKELY_MANIPULATED = "likely"
    SOME_EVIDENCE = "some"
    INCONCLUSIVE = "inconclusive"
    NO_EVIDENCE_FOUND = "none"
    NOT_ASSESSED = "not-assessed"
    IN_PROGRESS = "in-progress"


_TAB_OF = {
    Verdict.LIKELY_MANIPULATED: Tab.LIKELY_MANIPULATED,
    Verdict.SOME_EVIDENCE: Tab.SOME_EVIDENCE,
    Verdict.INCONCLUSIVE: Tab.INCONCLUSIVE,
    Verdict.NO_EVIDENCE_FOUND: Tab.NO_EVIDENCE_FOUND,
    Verdict.NOT_ASSESSED: Tab.NOT_ASSESSED,
}


@dataclass(frozen=True)
class ItemDocuments:
    """The latest message of each kind about one media item; the order in which they came does not matter."""

    media_id: str
    uploaded: MediaUploaded | None = None
    extracted: MediaExtracted | None = None
    verdict: MediaVerdict | None = None
    failure: DeadLetter | None = None

    def with_message(self, message: Message) -> "ItemDocuments":
        """These documents once ``message`` is known; equal to the old ones if it says nothing newer."""
        match message:
            case MediaUploaded():
                return self if self.uploaded else replace(self, uploaded=message)
            case MediaExtracted():
                return self._with_extracted(message)
            case MediaVerdict():
                return self._with_verdict(message)
            case DeadLetter():
                return self._with_failure(message)
        return self

    def _with_extracted(self, news: MediaExtracted) -> "ItemDocuments":
        if self.extracted is not None and _progress_of(news) <= _progress_of(self.extracted):
            return self
        return replace(self, extracted=news, uploaded=self.uploaded or news.uploaded)

    def _with_verdict(self, news: MediaVerdict) -> "ItemDocuments":
        if self.verdict is not None and news.seq <= self.verdict.seq:
            return self
        return replace(self, verdict=news, uploaded=self.uploaded or news.uploaded)

    def _with_failure(self, news: DeadLetter) -> "ItemDocuments":
        # What this process could not read says nothing about how the other stages fared.
        if news.stage is Stage.PROJECT or (self.failure is not None and news.failed_at <= self.failure.failed_at):
            return self
        return replace(self, failure=news)

    @property
    def lifecycle(self) -> Lifecycle:
        if self.verdict is not None and self.verdict.lifecycle in DONE:
            return self.verdict.lifecycle
        if self.failed:
            return Lifecycle.FAILED
        if self.verdict is not None:
            return self.verdict.lifecycle
        return Lifecycle.ANALYSING if self.extracted is not None else Lifecycle.RECEIVED

    @property
    def failed(self) -> bool:
        """A dead letter is the last that was heard of the item, and it never got a final verdict."""
        if self.failure is None or (self.verdict is not None and self.verdict.lifecycle in DONE):
            return False
        later = [self.verdict.produced_at] if self.verdict else []
        later += [self.extracted.extracted_at] if self.extracted else []
        return all(self.failure.failed_at >= moment for moment in later)


def _progress_of(extracted: MediaExtracted) -> tuple[bool, int, float]:
    return extracted.complete, extracted.chunks, extracted.extracted_at.timestamp()


def name_of(source_key: str) -> str:
    """What people call the item: the last part of its key."""
    return PurePosixPath(source_key).name or source_key


def tab_of(lifecycle: Lifecycle, verdict: Verdict | None) -> Tab:
    """The pile in which an item lies; a failed one has not been assessed."""
    if lifecycle is Lifecycle.FAILED:
        return Tab.NOT_ASSESSED
    if lifecycle not in DONE or verdict is None:
        return Tab.IN_PROGRESS
    return _TAB_OF[verdict]


def row_of(item: ItemDocuments) -> dict[str, Any] | None:
    """The columns of the inbox; nothing while the upload itself is unknown."""
    if item.uploaded is None:
        return None
    verdict = item.verdict.verdict if item.verdict else None
    return {
        "media_id": item.media_id,
        "name": name_of(item.uploaded.key),
        "source_key": item.uploaded.key,
        "bucket": item.uploaded.bucket,
        "arrived_at_s": item.uploaded.received_at.timestamp(),
        "lifecycle": item.lifecycle.value,
        "tab": tab_of(item.lifecycle, verdict).value,
        "verdict": verdict.value if verdict else None,
        **_media_columns(item),
        **_verdict_columns(item),
    }


def _media_columns(item: ItemDocuments) -> dict[str, Any]:
    known = item.verdict or item.extracted
    media = known.media if known else None
    tracks = known.tracks if known else ()
    return {
        "kind": (media.kind if media else MediaKind.UNKNOWN).value,
        "duration_s": media.duration_s if media else None,
        "sha256": media.sha256 if media else None,
        "people": len(tracks) if known else None,
    }


def _verdict_columns(item: ItemDocuments) -> dict[str, Any]:
    verdict = item.verdict
    probability = verdict.probability if verdict else None
    shown = top_evidence(verdict) if verdict else None
    return {
        "seq": verdict.seq if verdict else 0,
        "reason": _reason(item),
        "low": probability.low if probability else None,
        "value": probability.value if probability else None,
        "high": probability.high if probability else None,
        "untrained": bool(verdict and any(result.untrained for result in verdict.detectors)),
        "detectors_done": sum(r.status is not DetectorStatus.PENDING for r in verdict.detectors) if verdict else 0,
        "detectors_all": len(verdict.detectors) if verdict else 0,
        "thumbnail": shown.model_dump_json() if shown else None,
    }


def _reason(item: ItemDocuments) -> str | None:
    if item.verdict is not None and item.verdict.reasons:
        return item.verdict.reasons[0].value
    known = {reason.value for reason in Reason}
    return item.failure.reason if item.failed and item.failure and item.failure.reason in known else None


def top_evidence(verdict: MediaVerdict) -> Evidence | None:
    """The crop that speaks for the item in a list: the most incriminating one."""
    every = [evidence for track in verdict.tracks for evidence in track.evidence]
    return max(every, key=lambda evidence: evidence.probability, default=None)
