"""``telltale reconcile``: a bucket and a read model in; the gaps between them out, and announcements to close them."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Engine

from contracts.errors import NotNow
from contracts.settings import ProjectSettings
from contracts.topics import MEDIA_UPLOADED
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import is_forgotten, record, writing
from dashboard.item_queries import heartbeat_age_s
from dashboard.known_objects import known_items
from dashboard.read_model import open_engine, url_of
from ingest.announcer import Announcer, own_prefix
from ingest.bridge import LEDGER_FILE
from ingest.entry_point import stop_on_signal
from ingest.folder_watch import is_unfinished
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, StoredObject, is_key, open_store
from ingest.object_stores.folder import FolderStore
from ingest.publisher import Publisher
from ingest.reconciliation import Difference, Gap, NotSorted, differences
from ingest.sorted_listing import sorted_objects
from ingest.telemetry import configure_logs
from telltale import run_state
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of
from telltale.terminal import out, say, say_json

SHOWN = 20
TOGETHER = 200
STALE_S = 30.0
Announce = Callable[[list[StoredObject]], int]
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed; objects younger than ``settle_s`` may still be on their way and are left alone."""

    home: Path
    bucket: str | None = None
    emit: bool = False
    as_json: bool = False
    every_s: float | None = None
    settle_s: float = 120.0


@dataclass
class Tally:
    """What one comparison came to; ``young`` are gaps that were too fresh to be called one.

    ``forgotten`` are objects of items that were deleted, or whose rows expired: they are not to come back.
    """

    listed: int = 0
    missing: int = 0
    changed: int = 0
    vanished: int = 0
    young: int = 0
    forgotten: int = 0
    emitted: int = 0
    seconds: float = 0.0


def compare(
    store: ObjectStore,
    engine: Engine,
    *,
    tell: Callable[[Difference], None],
    announce: Announce | None = None,
    ours: str | None = None,
    settle_s: float = 120.0,
) -> Tally:
    """Walk along bucket and read model once; ``tell`` hears of every gap, ``announce`` gets what is missing.

    ``ours`` is the prefix of the bucket that the pipeline writes to itself.

    Raises:
        NotNow: the store or Kafka is away; what was announced before stays announced.
        NotSorted: the server does not list in the order of keys.
    """
    tally, began_s, waiting = Tally(), time.monotonic(), list[StoredObject]()
    old_enough = datetime.now(UTC) - timedelta(seconds=settle_s)
    listed = _counted(_uploads(store, ours), tally)
    for gap in differences(store.bucket, listed, known_items(engine, store.bucket)):
        if gap.found is not None and gap.found.modified_at > old_enough:
            tally.young += 1
            continue
        if gap.found is not None and _is_forgotten(engine, gap.media_id):
            tally.forgotten += 1
            continue
        _count(tally, gap)
        tell(gap)
        if announce is not None and gap.found is not None:
            waiting.append(gap.found)
        if announce is not None and len(waiting) >= TOGETHER:
            tally.emitted += announce(waiting)
            waiting.clear()
    if announce is not None:
        tally.emitted += announce(waiting)
    tally.seconds = round(time.monotonic() - began_s, 3)
    return tally


def run(wish: Wish) -> None:
    """Compare once, or every ``every_s`` seconds until SIGTERM.

    Raises:
        CommandFailed: there is no read model, the bucket cannot be compared, or nothing says where Kafka is.
    """
    settings = ProjectSettings(home=wish.home.expanduser().absolute(), log_level="warning")
    configure_logs(settings, "reconcile")
    store = open_store(wish.bucket or run_state.read(settings.home).bucket or settings.bucket)
    ours = own_prefix(store, open_store(_work_bucket(settings)))
    with ExitStack() as parts:
        engine = _engine_of(settings)
        parts.callback(engine.dispose)
        announce = parts.enter_context(_Announcing(settings, store, ours)) if wish.emit else None
        if wish.every_s is None:
            _once(wish, store, engine, announce, ours)
        else:
            _again_and_again(wish, wish.every_s, store, engine, announce, ours)


class _Announcing:
    """Announces what is missing, whether or not it was announced before."""

    def __init__(self, settings: ProjectSettings, store: ObjectStore, ours: str | None) -> None:
        self._publisher = Publisher(kafka_of(settings.home), largest_message_bytes=MEDIA_UPLOADED.max_message_bytes)
        self._ledger = Ledger.open(settings.home / LEDGER_FILE)
        self._announcer = Announcer(store, self._ledger, self._publisher, own_prefix=ours)

    def __call__(self, found: list[StoredObject]) -> int:
        return self._announcer.announce_again(found)

    def __enter__(self) -> "_Announcing":
        return self

    def __exit__(self, *_: object) -> None:
        self._publisher.close()
        self._ledger.close()


def _once(wish: Wish, store: ObjectStore, engine: Engine, announce: Announce | None, ours: str | None) -> None:
    age_s = heartbeat_age_s(engine)
    if age_s is None or age_s > STALE_S:
        say("The projector is not running, so the read model may lag behind; what it lacks is announced once more.")
    recorder = _Recorder(engine, _Teller(as_json=wish.as_json))
    try:
        tally = compare(store, engine, tell=recorder, announce=announce, ours=ours, settle_s=wish.settle_s)
        recorder.flush()
    except NotSorted as why:
        raise CommandFailed(f"This bucket cannot be compared: {why}.") from why
    if wish.as_json:
        say_json({"bucket": store.url, **asdict(tally)})
    else:
        say(_sentence_of(tally, store.url))


def _again_and_again(
    wish: Wish, every_s: float, store: ObjectStore, engine: Engine, announce: Announce | None, ours: str | None
) -> None:
    """As the timer of ``telltale up``: the first time after one interval, when the read model has caught up."""
    stop: threading.Event = stop_on_signal()
    while not stop.wait(every_s):
        age_s = heartbeat_age_s(engine)
        if age_s is None or age_s > STALE_S:
            _log.warning("reconciling skipped", why="the projector does not keep the read model in step")
            continue
        recorder = _Recorder(engine, _log_gap)
        try:
            tally = compare(store, engine, tell=recorder, announce=announce, ours=ours, settle_s=wish.settle_s)
            recorder.flush()
        except (NotNow, NotSorted) as why:
            _log.warning("reconciling broke off", why=str(why))
            continue
        say(_sentence_of(tally, store.url))


class _Recorder:
    """Puts gaps on the audit chain, each once however often it is found, and passes them on."""

    def __init__(self, engine: Engine, tell: Callable[[Difference], None]) -> None:
        self._engine = engine
        self._tell = tell
        self._waiting: list[Fact] = []

    def __call__(self, gap: Difference) -> None:
        self._tell(gap)
        event_id = f"gap:{gap.gap.value}:{gap.media_id}"
        self._waiting.append(
            Fact(kind=Kind.GAP_FOUND, subject=gap.media_id, event_id=event_id, body={"gap": gap.gap.value})
        )
        if len(self._waiting) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        with writing(self._engine) as connection:
            record(connection, self._waiting)
        self._waiting.clear()


class _Teller:
    """Prints gaps: all of them as JSON, else the first few of each kind."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._told = dict.fromkeys(Gap, 0)

    def __call__(self, gap: Difference) -> None:
        self._told[gap.gap] += 1
        if self._as_json:
            say_json({"gap": gap.gap.value, "key": gap.key, "media_id": gap.media_id})
        elif self._told[gap.gap] <= SHOWN:
            out.print(f"{gap.gap.value:9} {gap.key}", markup=False, soft_wrap=True)
        elif self._told[gap.gap] == SHOWN + 1:
            say(f"More is {gap.gap.value}; --json names all.")


def _log_gap(gap: Difference) -> None:
    if gap.gap is not Gap.VANISHED:
        _log.warning("gap found", gap=gap.gap.value, key=gap.key, media_id=gap.media_id)


def _is_forgotten(engine: Engine, media_id: str) -> bool:
    with engine.connect() as connection:
        return is_forgotten(connection, media_id)


def _uploads(store: ObjectStore, ours: str | None) -> Iterator[StoredObject]:
    """The objects that ingest would announce."""
    is_folder = isinstance(store, FolderStore)
    for found in sorted_objects(store):
        unwanted = (ours is not None and found.key.startswith(ours)) or found.key.endswith("/")
        if is_key(found.key) and not unwanted and not (is_folder and is_unfinished(found.key)):
            yield found


def _counted(objects: Iterable[StoredObject], tally: Tally) -> Iterator[StoredObject]:
    for found in objects:
        tally.listed += 1
        yield found


def _count(tally: Tally, gap: Difference) -> None:
    setattr(tally, gap.gap.value, getattr(tally, gap.gap.value) + 1)


def _engine_of(settings: ProjectSettings) -> Engine:
    url = url_of(settings)
    if settings.read_model_url is None and not Path(url.removeprefix("sqlite:///")).is_file():
        raise CommandFailed(
            f"There is no read model in {settings.home}; `telltale up` and `python -m dashboard` make it."
        )
    return open_engine(url)


def _work_bucket(settings: ProjectSettings) -> str:
    given = "work_bucket" in settings.model_fields_set
    return settings.work_bucket if given else str(settings.home / "work")


def _sentence_of(tally: Tally, where: str) -> str:
    gaps = (
        f"{tally.missing} missing, {tally.changed} changed, {tally.vanished} vanished, {tally.young} too young to tell"
    )
    return f"{where}: {tally.listed} objects in {tally.seconds:g} s; {gaps}; {tally.emitted} announced."
