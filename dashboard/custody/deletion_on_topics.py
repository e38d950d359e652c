"""A media id in; a tombstone where the verdict topic is compacted, and what topics still hold of the item, out."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from contracts.errors import LoginRefused, NotNow
from contracts.topics import DEAD_LETTERS, FIXED_TOPICS, MEDIA_VERDICTS
from ingest.kafka_login import KafkaAddress, client_arguments, knock

CONFIRM_S = 20.0
_COMPACTED = "compact"
_POLICY = "cleanup.policy"


class Topics(StrEnum):
    """What became of an item's verdicts on their topic."""

    TOMBSTONE = "tombstone"
    NOT_COMPACTED = "not_compacted"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, kw_only=True)
class OnTopics:
    """The outcome, and what the topics still hold, for how long, in sentences."""

    outcome: Topics
    left: tuple[str, ...]


def tell_topics(kafka: Callable[[], KafkaAddress], media_id: str) -> OnTopics:
    """Write a tombstone where the topic is compacted. A broker that is away is an outcome: the same call does it later.

    ``kafka`` gives the address, or raises ``NotNow`` or ``ValueError`` where there is none.
    """
    try:
        address = kafka()
        knock(address)  # a client library would wait for half a minute
        policy = _policy_of(address, MEDIA_VERDICTS.name)
        if _COMPACTED in policy:
            _write_tombstone(address, media_id)
    except (KafkaError, LoginRefused, NotNow, ValueError) as why:
        sentence = f"Kafka was not reached, so its topics still hold what they held of it: {why}"
        return OnTopics(outcome=Topics.NOT_REACHED, left=(sentence,))
    longest_h = max(topic.retention_hours or 0 for topic in FIXED_TOPICS if topic is not DEAD_LETTERS)
    said = f"Topics hold what was said of it for {longest_h} h more, dead letters for {DEAD_LETTERS.retention_hours} h."
    if _COMPACTED in policy:
        removed = f"{MEDIA_VERDICTS.name} has a tombstone; the broker's compaction removes what is before it."
        return OnTopics(outcome=Topics.TOMBSTONE, left=(said, removed))
    never = (
        f"{MEDIA_VERDICTS.name} keeps its messages for ever here (cleanup.policy={policy}). Set cleanup.policy=compact "
        "on it and delete the item again."
    )
    return OnTopics(outcome=Topics.NOT_COMPACTED, left=(said, never))


def _policy_of(kafka: KafkaAddress, topic: str) -> str:
    with closing(KafkaAdminClient(**client_arguments(kafka))) as admin:
        told = admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic)],
            config_filter="all",  # pyright: ignore[reportCallIssue] - missing in the library's types
        )["topic"][topic]
    # The library drops the broker's refusal; every topic has this setting for whoever may see it.
    if _POLICY not in told:
        raise NotNow(f"the settings of {topic} are not told: it is missing, or its DESCRIBE_CONFIGS is not allowed")
    return str(told[_POLICY]["value"])


def _write_tombstone(kafka: KafkaAddress, media_id: str) -> None:
    producer = KafkaProducer(**client_arguments(kafka), acks="all")
    try:
        producer.send(MEDIA_VERDICTS.name, key=media_id.encode(), value=None).get(timeout=CONFIRM_S)
    finally:
        producer.close(timeout=5.0)
