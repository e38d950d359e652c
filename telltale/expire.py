"""``telltale expire``: a home folder in; what is older than its class is kept gone, each with a record on the chain."""

import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from dashboard.custody import anchors
from dashboard.custody.expiry import Expired, Expiry, Tell
from dashboard.custody.log import head_of
from dashboard.custody.retention import Class, kept_for
from ingest.entry_point import stop_on_signal
from ingest.telemetry import configure_logs
from telltale.custody_parts import Parts
from telltale.errors import CommandFailed
from telltale.terminal import out, say, say_json

SHOWN = 20
POSTPONED = 1
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed."""

    home: Path
    bucket: str | None = None
    dry_run: bool = False
    every_s: float | None = None
    as_json: bool = False


def run(wish: Wish) -> int:
    """Let data expire once, or every ``every_s`` seconds until SIGTERM; the exit status of the command.

    Raises:
        CommandFailed: there is no read model.
    """
    if wish.every_s is None:
        return _once(wish)
    stop = stop_on_signal()
    _again_and_again(wish, wish.every_s, stop)
    return 0


def _once(wish: Wish) -> int:
    parts = Parts.of(wish.home, wish.bucket)
    teller = _Teller(as_json=wish.as_json)
    try:
        done = _expiry(parts, wish, teller).round()
        if not wish.dry_run:
            _anchor(parts)
    finally:
        parts.engine.dispose()
    if wish.as_json:
        say_json(_summary(done) | {"dry_run": wish.dry_run})
    else:
        say(_sentence_of(done, parts, dry_run=wish.dry_run))
    return POSTPONED if done.postponed else 0


def _again_and_again(wish: Wish, every_s: float, stop: threading.Event) -> None:
    """As the timer of ``telltale up``: first after one interval, when there is a read model to look at."""
    while not stop.wait(every_s):
        try:
            parts = Parts.of(wish.home, wish.bucket)
        except CommandFailed as why:
            _log.warning("expiry skipped", why=str(why))
            continue
        configure_logs(parts.settings, "expire")
        try:
            done = _expiry(parts, wish, _log_one).round()
            if any(done.objects.values()):
                _anchor(parts)
                say(_sentence_of(done, parts, dry_run=wish.dry_run))
        except OperationalError as why:
            _log.warning("expiry broke off", why=str(why.orig))
        finally:
            parts.engine.dispose()


def _expiry(parts: Parts, wish: Wish, tell: Tell) -> Expiry:
    return Expiry(
        engine=parts.engine,
        bucket=parts.bucket,
        work=parts.work,
        settings=parts.settings,
        tell=tell,
        dry_run=wish.dry_run,
    )


def _anchor(parts: Parts) -> None:
    with parts.engine.connect() as connection:
        head = head_of(connection)
    key = anchors.key_from(parts.settings.audit_key)
    anchors.write_anchor(parts.settings.home / anchors.FILE, anchors.anchor_of(head, key))


class _Teller:
    """Prints what goes: all of it as JSON, else the first few of each class."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._told = dict.fromkeys(Class, 0)

    def __call__(self, media_id: str, what: Class, objects: int, size_bytes: int) -> None:
        self._told[what] += 1
        if self._as_json:
            say_json({"item": media_id, "class": what.value, "objects": objects, "bytes": size_bytes})
        elif self._told[what] <= SHOWN:
            out.print(f"{what.value:9} {media_id}  {objects} objects, {size_bytes} bytes", markup=False)
        elif self._told[what] == SHOWN + 1:
            say(f"More are {what.value}; --json names all.")


def _log_one(media_id: str, what: Class, objects: int, size_bytes: int) -> None:
    _log.info("expired", media_id=media_id, what=what.value, objects=objects, size_bytes=size_bytes)


def _summary(done: Expired) -> dict[str, object]:
    counts: dict[str, object] = {what.value: number for what, number in done.objects.items()}
    return counts | {"bytes": done.size_bytes, "postponed": done.postponed}


def _sentence_of(done: Expired, parts: Parts, *, dry_run: bool) -> str:
    counts = ", ".join(f"{number} {what.value}" for what, number in done.objects.items())
    never = [what.value for what in Class if kept_for(what, parts.settings) is None]
    kept = f"; kept for ever: {', '.join(never)}" if never else ""
    late = f"; {done.postponed} stores did not answer, a later run does the rest" if done.postponed else ""
    verb = "would expire" if dry_run else "expired"
    return f"{verb}: {counts} ({done.size_bytes} bytes){kept}{late}."
