"""``telltale kafka-acls``: detector names in; who may do what in Kafka out, printed or made there."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kafka.admin import ACL, ACLResourcePatternType

from contracts.errors import NotNow
from contracts.settings import TopicSettings
from ingest.kafka_login import address_of
from telltale.errors import CommandFailed
from telltale.kafka_permissions import NoAccessRules, apply, permissions_of, rules_of
from telltale.terminal import out, say


@dataclass(frozen=True, kw_only=True)
class Wish:
    """For which parts, under which names, and whether the rules are made or only printed."""

    parts: Sequence[str]
    prefix: str
    is_applied: bool
    as_json: bool


def run(wish: Wish, detectors: str | None) -> None:
    """Print the rules, one a line, and make them where that is wished.

    Raises:
        CommandFailed: there is no such part, or the broker did not make the rules.
    """
    settings = TopicSettings() if detectors is None else TopicSettings(detectors=detectors)
    rules = list(_rules(settings, wish))
    for rule in rules:
        out.print(_as_json(rule) if wish.as_json else _as_words(rule), markup=False, soft_wrap=True)
    if not wish.is_applied:
        return
    try:
        apply(address_of(settings), rules)
    except (NoAccessRules, NotNow) as why:
        raise CommandFailed(str(why)) from why
    say(f"{len(rules)} rules are in force")


def _rules(settings: TopicSettings, wish: Wish) -> Iterator[ACL]:
    every = {permissions.part: permissions for permissions in permissions_of(settings)}
    if unknown := set(wish.parts) - every.keys():
        raise CommandFailed(f"No such part: {', '.join(sorted(unknown))}. There are {', '.join(every)}.")
    for part in wish.parts or every:
        yield from rules_of(every[part], f"{wish.prefix}{part}")


def _as_words(rule: ACL) -> str:
    resource = rule.resource_pattern
    is_beginning = resource.pattern_type == ACLResourcePatternType.PREFIXED
    kind = f"{resource.resource_type.name.lower()}{' beginning with' if is_beginning else ''}"
    return f"{rule.principal} may {rule.operation.name.lower()} {kind} {resource.resource_name}"


def _as_json(rule: ACL) -> str:
    """As the arguments of Kafka's own tool name the parts of a rule."""
    resource = rule.resource_pattern
    return json.dumps(
        {
            "principal": rule.principal,
            "operation": rule.operation.name,
            "resource_type": resource.resource_type.name,
            "resource_name": resource.resource_name,
            "pattern_type": resource.pattern_type.name,
        }
    )
