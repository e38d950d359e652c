"""A request to delete one item in; the item gone everywhere, a tombstone, an anchor, and what is left of it, out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.custody import anchors
from dashboard.custody.deletion import Places, Plan, delete_item
from dashboard.custody.deletion_on_topics import Topics, tell_topics
from dashboard.custody.log import head_of
from ingest.kafka_login import KafkaAddress


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """What was done: the last record of the chain then, the topics' part, and what is not reached at once."""

    media_id: str
    record: int
    topics: Topics
    left: tuple[str, ...]


def carry_out(
    places: Places,
    plan: Plan,
    *,
    because: str,
    media_too: bool,
    kafka: Callable[[], KafkaAddress],
    audit_key: Path | None,
) -> Deletion:
    """Delete what ``plan`` names; the same call again does the rest of one that broke off or met no Kafka.

    Raises:
        NotNow: a store is away; what was removed stays removed.
        UnusableKey: the chain cannot be anchored; nothing was removed.
    """
    key = anchors.key_from(audit_key)
    left: list[str] = []
    if in_files := delete_item(places, plan, because=because, media_too=media_too):
        left.append(f"Not yet out of the database's files: {in_files}.")
    if plan.media is not None and not media_too:
        left.append("The object itself stays in the bucket, as it was not asked to be deleted too.")
    topics = tell_topics(kafka, plan.media_id)
    with places.engine.connect() as connection:
        head = head_of(connection)
    anchors.write_anchor(places.home / anchors.FILE, anchors.anchor_of(head, key))
    return Deletion(media_id=plan.media_id, record=head.number, topics=topics.outcome, left=(*left, *topics.left))
