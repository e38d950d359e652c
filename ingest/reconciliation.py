"""Two lists of a bucket, both sorted by key, in; where they differ out, one after the other and in constant memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

from ingest.identity import media_id_of
from ingest.object_store import StoredObject

T = TypeVar("T")


class Gap(StrEnum):
    """How bucket and read model differ in one key."""

    MISSING = "missing"
    CHANGED = "changed"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A media item that the read model has: the key it was uploaded under, and its id."""

    key: str
    media_id: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One key in which the lists differ.

    Missing is an object of which nothing is known, changed one that is known in other versions only; both carry the
    object as it lies in the bucket. Vanished is what is known and lies there no longer; ``media_id`` is one of its ids.
    """

    gap: Gap
    key: str
    media_id: str
    found: StoredObject | None = None


class NotSorted(Exception):
    """A list was not in the order of its keys, so that comparing it would name gaps that are none."""


def differences(bucket: str, listed: Iterable[StoredObject], known: Iterable[KnownItem]) -> Iterator[Difference]:
    """Walk along both lists once; keys are ordered by code point, which is the byte order of their UTF-8.

    Raises:
        NotSorted: one of the lists is out of order.
    """
    objects = _in_order(((found.key, found) for found in listed), "bucket")
    items = _in_order(((key, list(some)) for key, some in groupby(known, key=lambda item: item.key)), "read model")
    here, there = next(objects, None), next(items, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here[0] < there[0]):
            yield _only_listed(bucket, here[1] if here else None)
            here = next(objects, None)
        elif here is None or there[0] < here[0]:
            yield Difference(Gap.VANISHED, there[0], there[1][-1].media_id)
            there = next(items, None)
        else:
            yield from _in_both(bucket, here[1], there[1])
            here, there = next(objects, None), next(items, None)


def _only_listed(bucket: str, found: StoredObject | None) -> Difference:
    assert found is not None
    return Difference(Gap.MISSING, found.key, media_id_of(bucket, found.key, found.version), found)


def _in_both(bucket: str, found: StoredObject, items: list[KnownItem]) -> Iterator[Difference]:
    media_id = media_id_of(bucket, found.key, found.version)
    if all(item.media_id != media_id for item in items):
        yield Difference(Gap.CHANGED, found.key, media_id, found)


def _in_order(pairs: Iterable[tuple[str, T]], whose: str) -> Iterator[tuple[str, T]]:
    before: str | None = None
    for key, value in pairs:
        if before is not None and key <= before:
            raise NotSorted(f"the list of the {whose} names {key!r} after {before!r}")
        before = key
        yield key, value
