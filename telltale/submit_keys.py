"""``telltale submit --keys``: a list of objects that lie in the bucket in, one announcement of each version out."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from contracts.errors import NotNow, ObjectMissing
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from ingest.announcer import Announcer, own_prefix
from ingest.bridge import LEDGER_FILE
from ingest.identity import media_id_of
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, StoredObject, open_store
from ingest.publisher import Publisher
from telltale import run_state
from telltale.errors import CommandFailed
from telltale.key_list import keys_in
from telltale.terminal import err, say, say_json

_AT_ONCE = 500
_ASKED_TOGETHER = 8
_MOST_NAMED = 5


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


def run(source: str, *, bucket: str | None, home: Path, as_json: bool) -> None:
    """Announce every object that ``source`` lists, in the bulk lane.

    Raises:
        CommandFailed: the list cannot be read, the bucket is not the watched one, Kafka or the store is away, or some
            keys named no object. Whatever was announced is noted: the same command again goes on from there.
    """
    kafka, store = _deployment(home, bucket)
    counted: Counter[Outcome] = Counter()
    unfound: list[str] = []
    publisher = Publisher(kafka, largest_message_bytes=MEDIA_UPLOADED.max_message_bytes)
    work = open_store(os.environ.get("TELLTALE_WORK_BUCKET") or home / "work")
    with (
        closing(keys_in(source, bucket=store.bucket)) as keys,
        Ledger.open(home / LEDGER_FILE) as ledger,
        closing(publisher),
        err.status("Announcing") as waiting,
    ):
        announcer = Announcer(store, ledger, publisher, own_prefix=own_prefix(store, work), lane=Lane.BULK)
        for one in _resumable(submit(keys, store, ledger, announcer), counted):
            counted[one.outcome] += 1
            if one.outcome in (Outcome.MISSING, Outcome.REFUSED) and len(unfound) < _MOST_NAMED:
                unfound.append(one.key)
            if as_json:
                say_json({"key": one.key, "outcome": one.outcome, "media_id": one.media_id})
            waiting.update(f"{counted.total()} keys")
    _conclude(counted, unfound)


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


def _resumable(submitted: Iterator[Submitted], counted: Counter[Outcome]) -> Iterator[Submitted]:
    try:
        yield from submitted
    except NotNow as why:
        raise CommandFailed(f"Stopped after {counted.total()} keys: {why}. The same command again goes on.") from why


def _deployment(home: Path, bucket: str | None) -> tuple[str, ObjectStore]:
    """Kafka and the watched bucket: of the run at ``home``, else of a deployment that the environment names.

    The stages after ingest look for every object in the bucket that they watch, so no other one can be meant.
    """
    state = run_state.read(home)
    if state.running:
        kafka, watched = run_state.running(home).kafka, state.bucket
    else:
        kafka, watched = os.environ.get("KAFKA_BOOTSTRAP_SERVERS"), os.environ.get("TELLTALE_BUCKET")
    if not kafka:
        raise CommandFailed(
            f"Nothing runs in {home}, and KAFKA_BOOTSTRAP_SERVERS names no other deployment. "
            f"Start one: telltale up --home {home}"
        )
    if not bucket and not watched:
        raise CommandFailed("Name the watched bucket: --bucket s3://NAME, or TELLTALE_BUCKET.", exit_code=2)
    store = open_store(bucket or str(watched))
    if watched and open_store(watched).url != store.url:
        raise CommandFailed(f"The watched bucket is {watched}, not {bucket}.", exit_code=2)
    return kafka, store


def _conclude(counted: Counter[Outcome], unfound: Sequence[str]) -> None:
    say(", ".join(f"{counted[outcome]} {outcome}" for outcome in Outcome) + ".")
    lacking = counted[Outcome.MISSING] + counted[Outcome.REFUSED]
    if lacking:
        named = ", ".join(map(repr, unfound)) + (", …" if lacking > len(unfound) else "")
        raise CommandFailed(f"{lacking} of {counted.total()} keys name no object that can be judged: {named}")
