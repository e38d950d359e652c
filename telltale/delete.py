"""``telltale delete``: one item in; nothing of it left but one record that it was deleted, and why, out."""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from contracts.errors import LoginRefused, NotNow
from contracts.topics import DEAD_LETTERS, FIXED_TOPICS, MEDIA_VERDICTS
from dashboard.custody import anchors
from dashboard.custody.deletion import Places, Plan, delete_item, plan_of
from dashboard.custody.log import head_of
from ingest.kafka_login import KafkaAddress, client_arguments
from telltale.custody_parts import Parts, item_asked
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of
from telltale.terminal import out, say, say_json

CONFIRM_S = 20.0
_COMPACTED = "compact"
_DELETING = "delete"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed."""

    home: Path
    item: str
    because: str
    media: bool = False
    dry_run: bool = False
    bucket: str | None = None
    as_json: bool = False


@dataclass
class Left:
    """What a deletion does not reach at once, in sentences."""

    sentences: list[str] = field(default_factory=list)


def run(wish: Wish) -> None:
    """Delete one item everywhere; the same command again does the rest of one that broke off.

    Raises:
        CommandFailed: no item is meant, no reason is given, or a store is away.
    """
    if not wish.because.strip():
        raise CommandFailed("Say why with --because; it is all that stays of the item, so name nobody.", exit_code=2)
    parts = Parts.of(wish.home, wish.bucket)
    places = Places(engine=parts.engine, bucket=parts.bucket, work=parts.work, home=parts.settings.home)
    try:
        with parts.engine.connect() as connection:
            media_id = item_asked(connection, wish.item)
        plan = plan_of(places, media_id)
        _tell_plan(plan, wish)
        if not wish.dry_run:
            _delete(parts, places, plan, wish)
    except NotNow as why:
        sentence = f"The deletion is not complete: {why}. What is gone stays gone; run the same command again."
        raise CommandFailed(sentence) from why
    finally:
        parts.engine.dispose()


def _delete(parts: Parts, places: Places, plan: Plan, wish: Wish) -> None:
    left = Left()
    if in_files := delete_item(places, plan, because=wish.because, media_too=wish.media):
        left.sentences.append(f"Not yet out of the database's files: {in_files}.")
    if plan.media is not None and not wish.media:
        left.sentences.append("The object itself stays in the bucket; --media deletes it too.")
    left.sentences += _kafka_left(parts.settings.home, plan.media_id)
    with parts.engine.connect() as connection:
        head = head_of(connection)
    key = anchors.key_from(parts.settings.audit_key)
    anchors.write_anchor(parts.settings.home / anchors.FILE, anchors.anchor_of(head, key))
    if wish.as_json:
        say_json({"item": plan.media_id, "deleted": True, "record": head.number, "left": left.sentences})
        return
    out.print(f"Deleted {plan.media_id}; record {head.number} of the audit chain says so.", markup=False)
    for sentence in left.sentences:
        say(sentence)


def _tell_plan(plan: Plan, wish: Wish) -> None:
    rows = {name: number for name, number in plan.rows.items() if number}
    if wish.as_json:
        told = {"crops": len(plan.crops), "cached": len(plan.cached), "media": plan.media is not None, "rows": rows}
        say_json({"item": plan.media_id, "dry_run": wish.dry_run, **told})
        return
    verb = "Would delete" if wish.dry_run else "Deleting"
    counted = ", ".join(f"{number} of {name}" for name, number in rows.items()) or "none"
    out.print(f"{verb} {plan.media_id}", markup=False)
    out.print(f"  work bucket  {len(plan.crops)} objects", markup=False)
    out.print(f"  rows         {counted}", markup=False, soft_wrap=True)
    there = "not there, or another version" if plan.media is None else "deleted" if wish.media else "kept (--media)"
    out.print(f"  the object   {there}", markup=False)


def _kafka_left(home: Path, media_id: str) -> list[str]:
    """Write a tombstone where the topic is compacted; what the topics still hold, and for how long."""
    try:
        kafka = kafka_of(home)
        policy = _policy_of(kafka, MEDIA_VERDICTS.name)
        if _COMPACTED in policy:
            _write_tombstone(kafka, media_id)
    except (CommandFailed, KafkaError, LoginRefused, NotNow, ValueError) as why:
        return [f"Kafka was not reached, so its topics still hold what they held of it: {why}"]
    longest_h = max(topic.retention_hours or 0 for topic in FIXED_TOPICS if topic is not DEAD_LETTERS)
    said = f"Topics hold what was said of it for {longest_h} h more, dead letters for {DEAD_LETTERS.retention_hours} h."
    if _COMPACTED in policy:
        return [said, f"{MEDIA_VERDICTS.name} has a tombstone; the broker's compaction removes what is before it."]
    never = (
        f"{MEDIA_VERDICTS.name} keeps its messages for ever here (cleanup.policy={policy}). Set cleanup.policy=compact "
        "on it and run this command again."
    )
    return [said, never]


def _policy_of(kafka: KafkaAddress, topic: str) -> str:
    with closing(KafkaAdminClient(**client_arguments(kafka))) as admin:
        told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])["topic"][topic]
    # Only what differs from Kafka's own defaults is told.
    return str(told["cleanup.policy"]["value"]) if "cleanup.policy" in told else _DELETING


def _write_tombstone(kafka: KafkaAddress, media_id: str) -> None:
    producer = KafkaProducer(**client_arguments(kafka), acks="all")
    try:
        producer.send(MEDIA_VERDICTS.name, key=media_id.encode(), value=None).get(timeout=CONFIRM_S)
    finally:
        producer.close(timeout=5.0)
