"""Ids of dead letters and an operator's wish in; what would become of each, or what became of it, out.

Pages and API settle through here. What was done is said on the dead-letter topic with the reason and the name of who
asked; the projector puts that on the audit chain.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from contracts.messages import DeadLetter
from dashboard.access import Principal, Role, require
from ingest.dead_letter_topic import letters_in
from ingest.kafka_login import KafkaAddress
from ingest.settling import (
    DROPPED,
    REPLAYED,
    Pace,
    RawSender,
    Settling,
    chosen,
    drop,
    replay,
    why_not_again,
)

GONE = "its topic has let it go already, or it is settled"


class Wish(StrEnum):
    """What an operator wants of a letter."""

    REPLAY = REPLAYED
    """Put the message back on its topic, one try further."""
    DROP = DROPPED
    """Give it up; the letter stays on its topic."""


def tried(kafka: KafkaAddress | str, ids: Iterable[str], wish: Wish, *, by: Principal) -> dict[str, str]:
    """What would become of each letter, in words; nothing is changed.

    Raises:
        AccessDenied: ``by`` may not settle.
        NotNow: no Kafka answers.
    """
    require(by, Role.OPERATOR)
    wanted = list(dict.fromkeys(ids))
    found = {}
    for letter in _open(kafka, wanted):
        left = why_not_again(letter) if wish is Wish.REPLAY else None
        again = f"would go back on {letter.topic} as try {letter.attempts + 1}"
        done = again if wish is Wish.REPLAY else "would be marked as given up"
        found[letter.dead_letter_id] = f"would stay open: {left}" if left else done
    return {name: found.get(name, f"would stay as it is: {GONE}") for name in wanted}


def settle_all(kafka: KafkaAddress | str, ids: Iterable[str], wish: Wish, because: str, *, by: Principal) -> Settling:
    """Replay or drop the open ones of these letters; those that stay open leave with the reason why.

    Raises:
        AccessDenied: ``by`` may not settle.
        ValueError: no reason is given.
        NotNow: no Kafka answers; what has left is settled.
    """
    require(by, Role.OPERATOR)
    if not because.strip():
        raise ValueError("Say why: the reason is kept with the letter.")
    said = f"{because.strip()} (by {by.name})"
    wanted = list(dict.fromkeys(ids))
    with RawSender(kafka) as sender:
        letters = _open(kafka, wanted)
        done = replay(letters, sender, Pace(None), said) if wish is Wish.REPLAY else drop(letters, sender, said)
    for name in wanted:
        if name not in done.done:
            done.left.setdefault(name, GONE)
    return done


def _open(kafka: KafkaAddress | str, ids: Iterable[str]) -> Iterator[DeadLetter]:
    """Those of the letters that nobody has settled, with their bytes, one at a time."""
    wanted = set(ids)
    # A marker comes after its letter, so who reads only once would meet a settled letter as an open one.
    settled = {letter.dead_letter_id for letter in letters_in(kafka) if letter.settled is not None}
    return chosen(letters_in(kafka), wanted - settled)


def settle(kafka: KafkaAddress | str, letter_id: str, outcome: str, because: str, by: Principal) -> str | None:
    """Settle one letter; why it stays open leaves, where it does. Raises what ``settle_all`` raises."""
    return settle_all(kafka, [letter_id], Wish(outcome), because, by=by).left.get(letter_id)
