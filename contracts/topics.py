"""The topic table: what flows, who writes and reads it, how long it stays; topic creation and README derive from it."""

from dataclasses import dataclass

from contracts.messages import (
    CropBatch,
    DeadLetter,
    DetectorScore,
    MediaExtracted,
    MediaUploaded,
    MediaVerdict,
    Message,
    ReminderDue,
)

CROPS = "crops."


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic; ``key`` is the message field that partitions it, ``retention_hours`` of ``None``: each key's last."""

    name: str
    carries: type[Message]
    written_by: str
    read_by: str
    key: str = "media_id"
    retention_hours: int | None = 72
    max_message_bytes: int = 1_048_588


MEDIA_UPLOADED = Topic(name="media.uploaded.v1", carries=MediaUploaded, written_by="ingest", read_by="extract, project")
MEDIA_EXTRACTED = Topic(
    name="media.extracted.v1", carries=MediaExtracted, written_by="extract", read_by="aggregate, project"
)
DETECTOR_SCORES = Topic(name="detector.scores.v1", carries=DetectorScore, written_by="detect", read_by="aggregate")
REMINDERS = Topic(name="aggregation.reminders.v1", carries=ReminderDue, written_by="aggregate", read_by="aggregate")
MEDIA_VERDICTS = Topic(
    name="media.verdicts.v1",
    carries=MediaVerdict,
    written_by="aggregate",
    read_by="project, subscribers",
    retention_hours=None,
)
DEAD_LETTERS = Topic(
    name="dead.letters.v1",
    carries=DeadLetter,
    written_by="every stage",
    read_by="project, operators",
    retention_hours=24 * 14,
    max_message_bytes=4 * 1_048_588,
)

FIXED_TOPICS = (MEDIA_UPLOADED, MEDIA_EXTRACTED, DETECTOR_SCORES, REMINDERS, MEDIA_VERDICTS, DEAD_LETTERS)


def crops_for(detector: str) -> Topic:
    """The topic that carries the crop batches of one detector."""
    return Topic(name=f"{CROPS}{detector}.v1", carries=CropBatch, written_by="extract", read_by=f"detect ({detector})")


def every_topic(detectors: tuple[str, ...]) -> tuple[Topic, ...]:
    """All topics of a deployment with these detectors."""
    return (*FIXED_TOPICS, *(crops_for(name) for name in detectors))
