"""Detector names in; what each part of a deployment may do in Kafka, and nothing beyond it, out as access rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType
from kafka.errors import KafkaError, SecurityDisabledError

from contracts.settings import TopicSettings
from contracts.topics import (
    DEAD_LETTERS,
    DETECTOR_SCORES,
    MEDIA_EXTRACTED,
    MEDIA_UPLOADED,
    MEDIA_VERDICTS,
    REMINDERS,
    crops_for,
    every_topic,
)
from dashboard.projector import GROUP as PROJECT_GROUP
from dashboard.projector import TOPICS as SHOWN_FROM
from ingest.bucket_feed import GROUP as INGEST_GROUP
from ingest.kafka_login import KafkaAddress, client_arguments, knock, trouble_with
from stream_processors.aggregate import INPUTS as JUDGED_FROM
from stream_processors.create_topics import AGGREGATE_GROUP, ITEMS_TABLE, PARTS_TABLE, changelog_of, wanted_topics
from stream_processors.detect_group import GROUP_PREFIX as DETECT_GROUPS
from stream_processors.extract import GROUP as EXTRACT_GROUP

_READ = (ACLOperation.READ, ACLOperation.DESCRIBE)
_WRITE = (ACLOperation.WRITE, ACLOperation.DESCRIBE)
_MAKE = (ACLOperation.CREATE, ACLOperation.DESCRIBE, ACLOperation.DESCRIBE_CONFIGS)


class NoAccessRules(Exception):
    """The broker lets everybody do everything: it runs without an authorizer, so rules would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What one part of a deployment needs; topics and groups by name, groups that end in ``*`` by their beginning.

    Who ``sees_every_group`` is told how far other systems have read; that gives no right to read as one of them.
    """

    part: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    sees_every_group: bool = False
    looks_into: tuple[str, ...] = ()


def permissions_of(settings: TopicSettings) -> tuple[Permissions, ...]:
    """Every part of a deployment with these detectors, in the order of the data.

    ``operator`` is who puts dead letters back and deletes items: the commands and the API, which write wherever a
    message may have come from, and look into the settings of the topic that a deletion leaves a tombstone on.
    """
    crops = tuple(crops_for(name).name for name in settings.detector_names)
    changelogs = (changelog_of(ITEMS_TABLE), changelog_of(PARTS_TABLE))
    judged_from = tuple(topic.name for topic in JUDGED_FROM)
    shown_from = tuple(topic.name for topic in SHOWN_FROM)
    every = tuple(topic.name for topic in every_topic(settings.detector_names))
    parked = DEAD_LETTERS.name
    return (
        Permissions(part="setup", makes=tuple(wanted_topics(settings))),
        Permissions(
            part="ingest",
            reads=(settings.notifications_topic,),
            writes=(MEDIA_UPLOADED.name, parked),
            groups=(INGEST_GROUP,),
        ),
        Permissions(
            part="extract",
            reads=(MEDIA_UPLOADED.name,),
            writes=(*crops, MEDIA_EXTRACTED.name, parked),
            groups=(EXTRACT_GROUP,),
        ),
        Permissions(part="detect", reads=crops, writes=(DETECTOR_SCORES.name, parked), groups=(f"{DETECT_GROUPS}*",)),
        Permissions(
            part="aggregate",
            reads=(*judged_from, *changelogs),
            writes=(REMINDERS.name, MEDIA_VERDICTS.name, parked, *changelogs),
            groups=(AGGREGATE_GROUP,),
        ),
        Permissions(part="project", reads=shown_from, writes=(parked,), groups=(PROJECT_GROUP,), sees_every_group=True),
        Permissions(
            part="operator", reads=every, writes=every, groups=("telltale.*",), looks_into=(MEDIA_VERDICTS.name,)
        ),
        Permissions(part="subscriber", reads=(MEDIA_VERDICTS.name,), groups=("subscriber.*",)),
    )


def rules_of(permissions: Permissions, user: str) -> Iterator[ACL]:
    """The access rules that give ``user`` (without ``User:``) these permissions."""
    topics = ((permissions.reads, _READ), (permissions.writes, _WRITE), (permissions.makes, _MAKE))
    topics += ((permissions.looks_into, (ACLOperation.DESCRIBE_CONFIGS,)),)
    wanted = {(name, operation) for names, operations in topics for name in names for operation in operations}
    for name, operation in sorted(wanted):
        yield _rule(user, operation, ResourcePattern(ResourceType.TOPIC, name))
    if permissions.sees_every_group:
        yield _rule(user, ACLOperation.DESCRIBE, ResourcePattern(ResourceType.GROUP, "*"))
    for group in permissions.groups:
        pattern = ACLResourcePatternType.PREFIXED if group.endswith("*") else ACLResourcePatternType.LITERAL
        resource = ResourcePattern(ResourceType.GROUP, group.removesuffix("*"), pattern)
        for operation in _READ:
            yield _rule(user, operation, resource)


def _rule(user: str, operation: ACLOperation, resource: ResourcePattern) -> ACL:
    return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, resource)


def apply(kafka: KafkaAddress, rules: list[ACL]) -> None:
    """Make the rules; those that are there stay as they are, and none is taken away.

    Raises:
        NoAccessRules: the broker has no authorizer.
        LoginRefused: the broker does not let us in.
        NotNow: the broker is away, or refused one of the rules.
    """
    knock(kafka)
    try:
        admin = KafkaAdminClient(**client_arguments(kafka))
        try:
            made = admin.create_acls(rules)
        finally:
            admin.close()
    except KafkaError as why:
        raise trouble_with(kafka, why) from why
    failed = cast("list[type[KafkaError]]", made["failed"])  # typed as pairs, filled with error classes
    if SecurityDisabledError in failed:
        raise NoAccessRules("the broker has no authorizer (authorizer.class.name), so everybody may do everything")
    if failed:
        raise trouble_with(kafka, failed[0]())
