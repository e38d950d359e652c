"""Keys of objects that lie in the watched bucket in, their announcements and what became of each out."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, select

from contracts.settings import ProjectSettings
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from dashboard.access import Principal, Role, require
from dashboard.read_tables import items
from ingest.announcer import Announcer, own_prefix
from ingest.kafka_login import address_of
from ingest.key_announcing import Submitted, submit
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore
from ingest.publisher import Publisher

MOST_KEYS = 10_000
_LEDGER_FILE = "ingest.sqlite"
_AT_ONCE = 500


class SharedLedger(Ledger):
    """The ledger of this machine's announcements, which also knows what others announced: the read model has it."""

    _engine: Engine

    @classmethod
    def beside(cls, home: Path, engine: Engine) -> "SharedLedger":
        """The ledger of the deployment at ``home`` whose read model is ``engine``."""
        ledger = cls.open(home / _LEDGER_FILE)
        assert isinstance(ledger, cls)
        ledger._engine = engine
        return ledger

    def announced(self, media_ids: Collection[str]) -> set[str]:
        waiting = list(media_ids)
        found = super().announced(waiting)
        with self._engine.connect() as connection:
            for start in range(0, len(waiting), _AT_ONCE):
                some = waiting[start : start + _AT_ONCE]
                found.update(connection.scalars(select(items.c.media_id).where(items.c.media_id.in_(some))))
        return found


def keys_in(text: str) -> list[str]:
    """The keys of a list with one key a line, as they are; empty lines are none. Raises ``ValueError`` for too many."""
    keys = list(dict.fromkeys(line for line in text.lstrip("\ufeff").splitlines() if line.strip()))
    if len(keys) > MOST_KEYS:
        raise ValueError(f"A list may name {MOST_KEYS} objects, this one names {len(keys)}. Send it in parts.")
    return keys


def announce(
    keys: Sequence[str],
    *,
    settings: ProjectSettings,
    engine: Engine,
    watched: ObjectStore,
    work: ObjectStore,
    lane: Lane,
    detectors: Sequence[str] | None,
    by: Principal,
) -> Iterator[Submitted]:
    """Announce each object that is news, with the chosen detectors or, where none are named, with all.

    Raises:
        AccessDenied: ``by`` may not submit.
        NotNow: the store or Kafka is away; what has left is announced.
    """
    require(by, Role.ANALYST)
    publisher = Publisher(address_of(settings), largest_message_bytes=MEDIA_UPLOADED.max_message_bytes)
    with closing(publisher), SharedLedger.beside(settings.home, engine) as ledger:
        chosen = tuple(detectors) if detectors else None
        ours = own_prefix(watched, work)
        announcer = Announcer(watched, ledger, publisher, own_prefix=ours, lane=lane, detectors=chosen)
        yield from submit(keys, watched, ledger, announcer)
