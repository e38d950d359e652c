"""Settings in; every topic of the deployment out, made where it is missing and left alone where it is not."""

from collections.abc import Iterable

import structlog
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from contracts.errors import NotNow
from contracts.settings import TopicSettings
from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, REMINDERS, Topic, every_topic
from ingest.kafka_login import KafkaAddress, address_of, client_arguments, knock, trouble_with

AGGREGATE_GROUP = "telltale.aggregate"
ITEMS_TABLE = "items"
PARTS_TABLE = "parts"

_HOUR_MS = 3_600_000
# Small segments are closed and compacted soon, so that what a restarted aggregator reads back stays small.
_CHANGELOG = {
    "cleanup.policy": "compact",
    "segment.bytes": str(16 * 2**20),
    "segment.ms": str(600_000),
    "min.cleanable.dirty.ratio": "0.2",
    "delete.retention.ms": str(600_000),
}
# The last verdict of every item stays, all of them for three days. What a deleted item's tombstone replaces is gone
# about a week later: segments are closed daily, and closed ones must be compacted before the week is over.
_LAST_OF_EACH = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(72 * 3_600_000),
    "max.compaction.lag.ms": str(168 * 3_600_000),
    "segment.ms": str(24 * 3_600_000),
}
_log = structlog.get_logger()


def changelog_of(table: str) -> str:
    """The topic behind one of the aggregator's tables, named as Faust names it."""
    return f"{AGGREGATE_GROUP}-{table}-changelog"


def co_partitioned_topics() -> tuple[str, ...]:
    """The topics that must have as many partitions, so that everything about an item meets in one aggregator."""
    inputs = (MEDIA_EXTRACTED, DETECTOR_SCORES, REMINDERS)
    return (*(topic.name for topic in inputs), changelog_of(ITEMS_TABLE), changelog_of(PARTS_TABLE))


def wanted_topics(settings: TopicSettings) -> dict[str, dict[str, str]]:
    """Every topic of a deployment with its configuration."""
    topics = {topic.name: _configs(topic) for topic in every_topic(settings.detector_names)}
    changelogs = {changelog_of(table): dict(_CHANGELOG) for table in (ITEMS_TABLE, PARTS_TABLE)}
    # The store writes its events here in its own form; lost ones are found again by listing the bucket.
    notifications = {settings.notifications_topic: {"retention.ms": str(72 * _HOUR_MS)}}
    return {**topics, **changelogs, **notifications}


def _configs(topic: Topic) -> dict[str, str]:
    most = {"max.message.bytes": str(topic.max_message_bytes)}
    if topic.retention_hours is None:
        return {**_LAST_OF_EACH, **most}
    return {"cleanup.policy": "delete", "retention.ms": str(topic.retention_hours * _HOUR_MS), **most}


def create_topics(settings: TopicSettings) -> tuple[str, ...]:
    """Make the missing topics; the names of those made leave.

    Raises:
        NotNow: the broker is away or does not let us in (``LoginRefused``).
    """
    kafka = address_of(settings)
    knock(kafka)
    try:
        admin = KafkaAdminClient(**client_arguments(kafka))
    except KafkaError as why:
        raise trouble_with(kafka, why) from why
    try:
        return _create_missing(admin, settings)
    finally:
        admin.close()


def _create_missing(admin: KafkaAdminClient, settings: TopicSettings) -> tuple[str, ...]:
    there = set(admin.list_topics())
    together = [name for name in co_partitioned_topics() if name in there]
    # Who made some of them by hand decided for the others too.
    shared = _counts(admin, together[:1])[together[0]] if together else settings.topic_partitions
    made = []
    for name, configs in wanted_topics(settings).items():
        if name in there:
            continue
        partitions = shared if name in co_partitioned_topics() else settings.topic_partitions
        try:
            admin.create_topics([NewTopic(name, partitions, settings.topic_replication, topic_configs=configs)])
        except TopicAlreadyExistsError:  # another process was faster
            continue
        made.append(name)
        _log.info("topic made", topic=name, partitions=partitions)
    return tuple(made)


def partitions_of(kafka: KafkaAddress | str, topics: Iterable[str]) -> int:
    """How many partitions ``topics`` have.

    Raises:
        NotNow: the broker is away, or one of the topics is not there yet.
        ValueError: they differ, so that an item's messages would not meet in one partition.
    """
    found = partitions_by_topic(kafka, topics)
    if len(set(found.values())) != 1:
        raise ValueError(f"these topics need the same number of partitions: {found}")
    return next(iter(found.values()))


def partitions_by_topic(kafka: KafkaAddress | str, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each of ``topics`` has.

    Raises:
        LoginRefused: a broker is there and does not let us in.
        NotNow: the broker is away, or one of the topics is not there yet.
    """
    wanted = list(topics)
    knock(kafka)  # at once; the client below takes half a minute to see that somebody is there again
    try:
        admin = KafkaAdminClient(**client_arguments(kafka))
        try:
            found = _counts(admin, wanted)
        finally:
            admin.close()
    except KafkaError as why:
        raise trouble_with(kafka, why) from why
    missing = [name for name in wanted if not found.get(name)]
    if missing:
        raise NotNow(f"no topic {', '.join(missing)}; make them with: python -m stream_processors create-topics")
    return found


def _counts(admin: KafkaAdminClient, topics: list[str]) -> dict[str, int]:
    return {about["name"]: len(about["partitions"]) for about in admin.describe_topics(topics)}
