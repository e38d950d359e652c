"""Dead letters and an operator's wish in; the letters that are meant out, with what became of each."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.messages import DeadLetter, utc_now
from telltale.errors import CommandFailed

WRONG_WISH = 2
SHORTEST_ID = 6
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which letters are meant; what is not given excludes nothing. ``ids`` may be the beginnings of ids."""

    ids: tuple[str, ...] = ()
    stage: str | None = None
    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    key: str | None = None

    @property
    def is_everything(self) -> bool:
        return self == Wanted()

    def holds(self, letter: DeadLetter) -> bool:
        """Whether ``letter`` is one of them; ``key`` is the id of its item or the key of its record."""
        asked = ((self.stage, letter.stage), (self.reason, letter.reason), (self.topic, letter.topic))
        return (
            all(wish in (None, fact) for wish, fact in asked)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.key is None or self.key in (letter.media_id, key_of(letter)))
            and (not self.ids or any(letter.dead_letter_id.startswith(start) for start in self.ids))
        )


@dataclass(frozen=True)
class Known:
    """A letter without its bytes and traceback, and its settlement, where it has one."""

    letter: DeadLetter
    settled: DeadLetter | None = None

    @property
    def is_open(self) -> bool:
        return self.settled is None


def key_of(letter: DeadLetter) -> str | None:
    """The key of the parked record as text."""
    return None if letter.key_base64 is None else base64.b64decode(letter.key_base64).decode("utf-8", "replace")


def since_of(text: str | None) -> datetime | None:
    """A time that a person typed: ``30m``, ``2h``, ``3d`` before now, or an ISO date or time (UTC without a zone).

    Raises:
        CommandFailed: it is neither.
    """
    if text is None:
        return None
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if ago:
        return utc_now() - timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as why:
        sentence = f"--since understands 30m, 2h, 3d or a date such as 2026-11-21T08:00, not {text!r}."
        raise CommandFailed(sentence, exit_code=WRONG_WISH) from why
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)


def known_letters(letters: Iterable[DeadLetter], wanted: Wanted) -> list[Known]:
    """The wanted letters, oldest first, each once however often it was delivered; their bytes are left out."""
    found: dict[str, DeadLetter] = {}
    settled: dict[str, DeadLetter] = {}
    for letter in letters:
        if not wanted.holds(letter):
            continue
        light = letter.model_copy(update={"value_base64": None, "traceback": None})
        if letter.settled is not None:
            settled[letter.dead_letter_id] = light
        found.setdefault(letter.dead_letter_id, light)
    every = (Known(letter, settled.get(name)) for name, letter in found.items())
    return sorted(every, key=lambda known: (known.letter.failed_at, known.letter.dead_letter_id))


def whole_letter(letters: Iterable[DeadLetter], letter_id: str) -> tuple[DeadLetter, DeadLetter | None]:
    """The one letter whose id begins so, with its bytes, and its settlement.

    Raises:
        CommandFailed: none or several begin so.
    """
    found: dict[str, DeadLetter] = {}
    settled: dict[str, DeadLetter] = {}
    for letter in letters:
        if letter.dead_letter_id.startswith(letter_id):
            (found if letter.settled is None else settled)[letter.dead_letter_id] = letter
    names = sorted(found.keys() | settled.keys())
    if len(names) != 1:
        raise CommandFailed(f"{len(names) or 'No'} dead letters have an id that begins with {letter_id!r}.")
    return found.get(names[0], settled.get(names[0])) or settled[names[0]], settled.get(names[0])


def checked_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids or beginnings of ids, long enough to mean something. Raises ``CommandFailed``."""
    given = tuple(ids)
    short = [one for one in given if len(one) < SHORTEST_ID]
    if short:
        sentence = f"Give at least {SHORTEST_ID} characters of an id, not {short[0]!r}."
        raise CommandFailed(sentence, exit_code=WRONG_WISH)
    return given
