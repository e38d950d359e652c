"""A home folder and what a person typed in; settings, read model, buckets and the one item that is meant out."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from dashboard.custody.settings import CustodySettings
from dashboard.custody.tables import audit_chain, forgotten
from dashboard.read_model import open_engine, url_of
from dashboard.read_tables import items
from ingest.object_store import ObjectStore, open_store
from telltale import run_state
from telltale.errors import CommandFailed

NOTHING_TO_CHECK = 2
_ID = re.compile(r"[0-9a-f]{6,32}")
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where the data of one deployment lie."""

    settings: CustodySettings
    engine: Engine
    bucket: ObjectStore
    work: ObjectStore

    @classmethod
    def of(cls, home: Path, bucket: str | None = None) -> "Parts":
        """The parts of the deployment in ``home``; its bucket is ``bucket``, or that of its last run.

        Raises:
            CommandFailed: there is no read model; exit code 2.
        """
        settings = CustodySettings(home=home.expanduser().absolute(), log_level="warning")
        return cls(
            settings=settings,
            engine=_engine_of(settings),
            bucket=open_store(bucket or _bucket_of_run(settings) or _folder(settings, "bucket")),
            work=open_store(_folder(settings, "work_bucket")),
        )

    @property
    def weights(self) -> Path:
        return self.settings.home / "weights"


def _engine_of(settings: CustodySettings) -> Engine:
    url = url_of(settings)
    if settings.read_model_url is None and not Path(url.removeprefix("sqlite:///")).is_file():
        sentence = f"There is no read model in {settings.home}; `telltale up` and `python -m dashboard` make it."
        raise CommandFailed(sentence, exit_code=NOTHING_TO_CHECK)
    return open_engine(url)


def _bucket_of_run(settings: CustodySettings) -> str | None:
    with suppress(CommandFailed):  # a state file that cannot be read says nothing about the bucket
        return run_state.read(settings.home).bucket
    return None


def _folder(settings: CustodySettings, name: str) -> str:
    """A bucket of the environment, or the folder below the home folder that ``telltale up`` takes then."""
    told: str = getattr(settings, name)
    return told if name in settings.model_fields_set else str(settings.home / told)


def item_asked(connection: Connection, text: str) -> str:
    """The media id that is meant: the id, its beginning (six digits or more), or the key of an object.

    Raises:
        CommandFailed: none or several are meant; exit code 2.
    """
    found = _by_id(connection, text) if _ID.fullmatch(text) else set()
    found = found or set(connection.scalars(select(items.c.media_id).where(items.c.source_key == text)))
    if len(found) == 1:
        return found.pop()
    if not found:
        raise CommandFailed(f"No item has this id or key: {text}", exit_code=NOTHING_TO_CHECK)
    named = ", ".join(sorted(found)[:_MOST_NAMED])
    raise CommandFailed(f"{len(found)} items are meant by {text}; name one by its id: {named}", exit_code=2)


def _by_id(connection: Connection, start: str) -> set[str]:
    columns = (items.c.media_id, audit_chain.c.subject, forgotten.c.media_id)
    ends = start + "g"  # the first text after every id that begins so
    return {
        found
        for column in columns
        for found in connection.scalars(select(column).where(column >= start, column < ends).distinct().limit(20))
    }
