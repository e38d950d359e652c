"""``telltale submit --keys``: a list of objects that lie in the bucket in, one announcement of each version out."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from contracts.errors import NotNow
from contracts.security import KafkaSettings
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from ingest.announcer import Announcer, own_prefix
from ingest.bridge import LEDGER_FILE
from ingest.kafka_login import KafkaAddress, address_of
from ingest.key_announcing import Outcome, Submitted, submit
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, open_store
from ingest.publisher import Publisher
from telltale import run_state
from telltale.errors import CommandFailed
from telltale.kafka_of_run import KAFKA_VARIABLE, kafka_of_run
from telltale.key_list import keys_in
from telltale.terminal import err, say, say_json

_MOST_NAMED = 5


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


def _resumable(submitted: Iterator[Submitted], counted: Counter[Outcome]) -> Iterator[Submitted]:
    try:
        yield from submitted
    except NotNow as why:
        raise CommandFailed(f"Stopped after {counted.total()} keys: {why}. The same command again goes on.") from why


def _deployment(home: Path, bucket: str | None) -> tuple[KafkaAddress, ObjectStore]:
    """Kafka and the watched bucket: of the run at ``home``, else of a deployment that the environment names.

    The stages after ingest look for every object in the bucket that they watch, so no other one can be meant.
    """
    state = run_state.read(home)
    if state.running:
        kafka, watched = kafka_of_run(run_state.running(home)), state.bucket
    elif os.environ.get(KAFKA_VARIABLE):
        kafka, watched = address_of(KafkaSettings()), os.environ.get("TELLTALE_BUCKET")
    else:
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
