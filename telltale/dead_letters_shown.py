"""``telltale dead-letters``: wishes in; letters as a table or JSON out, and what replaying or dropping them came to."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from contracts.messages import DeadLetter
from contracts.vocabulary import Stage
from ingest.dead_letter_topic import letters_in
from ingest.fuse import clear
from ingest.kafka_login import KafkaAddress
from ingest.settling import DROPPED, REPLAYED, Pace, RawSender, Settling, chosen, drop, replay
from telltale import run_state
from telltale.dead_letters import Known, Wanted, checked_ids, key_of, known_letters, since_of, whole_letter
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of
from telltale.terminal import out, say, say_json

WRONG_WISH = 2
SHOWN_ID = 12
SHOWN_BYTES = 4_000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed: which letters, how many, where, and in which form the answer is wanted."""

    home: Path
    ids: Sequence[str] = ()
    stage: str | None = None
    reason: str | None = None
    topic: str | None = None
    since: str | None = None
    key: str | None = None
    limit: int | None = None
    dry_run: bool = False
    as_json: bool = False

    @property
    def wanted(self) -> Wanted:
        """Raises ``CommandFailed`` for a stage that there is not, a time that is none, or an id that is too short."""
        if self.stage is not None and self.stage not in set(Stage):
            sentence = f"No stage is called {self.stage!r}; known: {', '.join(Stage)}."
            raise CommandFailed(sentence, exit_code=WRONG_WISH)
        return Wanted(
            ids=checked_ids(self.ids),
            stage=self.stage,
            reason=self.reason,
            topic=self.topic,
            since=since_of(self.since),
            key=self.key,
        )


def list_letters(wish: Wish, *, settled_too: bool) -> None:
    """Print the open letters, oldest first; with ``settled_too`` also those that were replayed or dropped."""
    wanted = wish.wanted
    known = known_letters(letters_in(kafka_of(wish.home)), wanted)
    shown = [one for one in known if settled_too or one.is_open][: wish.limit]
    if wish.as_json:
        for one in shown:
            say_json(_as_object(one))
        return
    if shown:
        out.print(_table_of(shown))
    waiting = sum(one.is_open for one in known)
    say(f"{waiting} open, {len(known) - waiting} settled.")


def show_letter(letter_id: str, home: Path, *, as_json: bool) -> None:
    """Print everything about one letter."""
    (name,) = checked_ids([letter_id])
    letter, settled = whole_letter(letters_in(kafka_of(home)), name)
    if as_json:
        body = letter.model_dump(mode="json")
        say_json({**body, **_settlement(settled), "state": settled.settled if settled else "open"})
        return
    for what, value in _lines_of(letter, settled):
        out.print(f"{what:10} {value}", markup=False, soft_wrap=True)


def replay_letters(wish: Wish, *, everything: bool, rate: float | None, because: str | None) -> None:
    """Put the messages of the open letters that were asked for back on their topics."""
    kafka, ids = _open_ones(wish, everything=everything)
    if wish.dry_run or not ids:
        _tell(wish, REPLAYED, Settling(done=ids))
        return
    with RawSender(kafka) as sender:
        _tell(wish, REPLAYED, replay(chosen(letters_in(kafka), ids), sender, Pace(rate), because))


def drop_letters(wish: Wish, *, everything: bool, because: str) -> None:
    """Mark the open letters that were asked for as given up. Raises ``CommandFailed`` without a reason."""
    if not because.strip():
        raise CommandFailed("A letter is dropped for a reason; say it with --because.", exit_code=WRONG_WISH)
    kafka, ids = _open_ones(wish, everything=everything)
    if wish.dry_run or not ids:
        _tell(wish, DROPPED, Settling(done=ids))
        return
    with RawSender(kafka) as sender:
        _tell(wish, DROPPED, drop(chosen(letters_in(kafka), ids), sender, because.strip()))


def resume(stage: str | None, home: Path, *, as_json: bool) -> None:
    """Let a stage that has stopped itself go on; every one of them without ``stage``."""
    if stage is not None and stage not in set(Stage):
        raise CommandFailed(f"No stage is called {stage!r}; known: {', '.join(Stage)}.", exit_code=WRONG_WISH)
    cleared = clear(Path(run_state.read(home).home), Stage(stage) if stage else None)
    for blown in cleared:
        if as_json:
            say_json({"resumed": blown.stage.value, "process": blown.process, "why": blown.why})
        else:
            say(f"{blown.stage} goes on; it had stopped because {blown.why}.")
    if not cleared and not as_json:
        say("No stage has stopped itself.")


def _open_ones(wish: Wish, *, everything: bool) -> tuple[KafkaAddress, list[str]]:
    """The Kafka and the ids of the open letters that were asked for, oldest first."""
    wanted = wish.wanted
    if wanted.is_everything and not everything:
        sentence = "Say which letters: ids, --stage, --reason, --topic, --since, --key, or --all."
        raise CommandFailed(sentence, exit_code=WRONG_WISH)
    kafka = kafka_of(wish.home)
    waiting = [one.letter.dead_letter_id for one in known_letters(letters_in(kafka), wanted) if one.is_open]
    return kafka, waiting[: wish.limit]


def _tell(wish: Wish, outcome: str, settling: Settling) -> None:
    if wish.as_json:
        for name in settling.done:
            say_json({"dead_letter_id": name, "outcome": outcome, "dry_run": wish.dry_run})
        for name, why in settling.left.items():
            say_json({"dead_letter_id": name, "outcome": "left", "why": why, "dry_run": wish.dry_run})
        return
    would = "would be " if wish.dry_run else ""
    say(f"{len(settling.done)} dead letters {would}{outcome}.")
    for name, why in settling.left.items():
        say(f"{name} stays open: {why}.")


def _as_object(known: Known) -> dict[str, Any]:
    letter = known.letter.model_dump(mode="json", exclude={"value_base64", "traceback"})
    return {**letter, **_settlement(known.settled), "state": known.settled.settled if known.settled else "open"}


def _settlement(settled: DeadLetter | None) -> dict[str, Any]:
    return settled.model_dump(mode="json", include={"settled", "settled_because", "settled_at"}) if settled else {}


def _table_of(shown: Sequence[Known]) -> Table:
    table = Table("id", "parked", "stage", "reason", "try", "from", "what happened", box=None, pad_edge=False)
    for one in shown:
        letter = one.letter
        because = one.settled and (one.settled.settled_because or "–")
        remark = f"{one.settled.settled}: {because}" if one.settled else letter.detail
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        moment = f"{letter.failed_at.astimezone():%d.%m. %H:%M:%S}"
        cells = (letter.dead_letter_id[:SHOWN_ID], moment, letter.stage, letter.reason, str(letter.attempts), place)
        table.add_row(*map(escape, cells), escape(remark))
    return table


def _lines_of(letter: DeadLetter, settled: DeadLetter | None) -> list[tuple[str, object]]:
    state = f"{settled.settled} at {settled.settled_at}: {settled.settled_because or '–'}" if settled else "open"
    return [
        ("id", letter.dead_letter_id),
        ("state", state),
        ("item", letter.media_id),
        ("parked", f"{letter.failed_at.isoformat()} by {letter.stage}, try {letter.attempts}"),
        ("reason", f"{letter.reason}: {letter.detail}"),
        ("from", f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"),
        ("key", key_of(letter) or "–"),
        *(("header", f"{name}: {value}") for name, value in {**letter.headers, **letter.headers_base64}.items()),
        ("bytes", _readable(letter.value_base64)),
        ("traceback", f"\n{letter.traceback}" if letter.traceback else "–"),
    ]


def _readable(value_base64: str | None) -> str:
    """The beginning of a message, what is no text written as escapes."""
    if value_base64 is None:
        return "–"
    raw = base64.b64decode(value_base64)
    text = raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return f"{len(raw)}: {text}{' …' if len(raw) > SHOWN_BYTES else ''}"
