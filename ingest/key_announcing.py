"""Keys of objects that lie in the bucket in, one announcement of each version and what became of each key out."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from contracts.errors import ObjectMissing
from ingest.announcer import Announcer
from ingest.identity import media_id_of
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, StoredObject

_AT_ONCE = 500
_ASKED_TOGETHER = 8


class Outcome(StrEnum):
    """What became of one key of the list."""

    ANNOUNCED = "announced"
    KNOWN = "known"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True)
class Submitted:
    """One key, what became of it, and the media item that the object is."""

    key: str
    outcome: Outcome
    media_id: str | None = None


def submit(keys: Iterable[str], store: ObjectStore, ledger: Ledger, announcer: Announcer) -> Iterator[Submitted]:
    """What became of each key, in order; those of a few hundred are announced together and confirmed before they leave.

    Raises:
        NotNow: the store or Kafka is away; what has left is announced.
    """
    waiting = iter(keys)
    with ThreadPoolExecutor(_ASKED_TOGETHER) as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            # The first by itself: boto3 clients may be used by several threads, but not be made by them.
            looked_up = [_look_up(store, some[0]), *pool.map(lambda key: _look_up(store, key), some[1:])]
            yield from _announce(some, looked_up, store, ledger, announcer)


def _announce(
    keys: Sequence[str],
    looked_up: Sequence[StoredObject | Outcome],
    store: ObjectStore,
    ledger: Ledger,
    announcer: Announcer,
) -> Iterator[Submitted]:
    there = [found for found in looked_up if isinstance(found, StoredObject)]
    ids = {found.key: media_id_of(store.bucket, found.key, found.version) for found in there}
    known = ledger.announced(ids.values())
    announcer.announce(there)
    for key, found in zip(keys, looked_up, strict=True):
        if isinstance(found, Outcome):
            yield Submitted(key, found)
        elif not announcer.wants(key):
            yield Submitted(key, Outcome.REFUSED)
        else:
            yield Submitted(key, Outcome.KNOWN if ids[key] in known else Outcome.ANNOUNCED, ids[key])
            known.add(ids[key])


def _look_up(store: ObjectStore, key: str) -> StoredObject | Outcome:
    try:
        return store.stat(key)
    except ObjectMissing:
        return Outcome.MISSING
    except ValueError:
        return Outcome.REFUSED
