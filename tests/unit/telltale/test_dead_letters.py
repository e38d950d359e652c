"""Which letters are open, which are meant, and what a message looks like when it is put back."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from contracts.messages import DeadLetter, utc_now
from contracts.vocabulary import Stage
from ingest.settling import Pace, RawSender, chosen, drop, headers_of_the_next_try, replay
from telltale.dead_letters import Wanted, checked_ids, known_letters, since_of, whole_letter
from telltale.errors import CommandFailed

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_letter(number: int, **more: object) -> DeadLetter:
    given: dict[str, Any] = {
        "dead_letter_id": f"{number:032d}"[::-1],
        "media_id": f"item-{number}",
        "stage": Stage.EXTRACT,
        "reason": "poison_message",
        "detail": "not JSON",
        "topic": "media.uploaded.v1",
        "partition": 0,
        "offset": number,
        "key_base64": base64.b64encode(f"key-{number}".encode()).decode(),
        "value_base64": base64.b64encode(b"\xff raw").decode(),
        "headers": {"traceparent": "00-ab"},
        "failed_at": NOON + timedelta(minutes=number),
    }
    return DeadLetter(**{**given, **more})


def settled(letter: DeadLetter) -> DeadLetter:
    return letter.model_copy(update={"settled": "replayed", "settled_at": NOON, "value_base64": None})


class Recorder:
    """Keeps what was sent and marked, in order."""

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []

    def send(self, *what: object) -> None:
        self.did.append(("sent", *what))

    def mark(self, letter: DeadLetter, outcome: str, because: str | None) -> None:
        self.did.append((outcome, letter.dead_letter_id, because))


def test_a_letter_is_open_until_it_is_settled_however_often_it_comes():
    first, second = a_letter(1), a_letter(2)
    known = known_letters([second, second, first, settled(second), second], Wanted())
    assert [(one.letter.media_id, one.is_open) for one in known] == [("item-1", True), ("item-2", False)]
    assert all(one.letter.value_base64 is None for one in known)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [1, 2, 3]),
        (Wanted(stage="detect"), [3]),
        (Wanted(reason="worker_killed"), [2]),
        (Wanted(topic="crops.a.v1"), [3]),
        (Wanted(since=NOON + timedelta(minutes=2)), [2, 3]),
        (Wanted(key="key-1"), [1]),
        (Wanted(key="item-2"), [2]),
        (Wanted(ids=("1000000", "300000")), [1, 3]),
        (Wanted(stage="detect", reason="worker_killed"), []),
    ],
)
def test_filters_take_away(wanted: Wanted, numbers: list[int]):
    letters = [a_letter(1), a_letter(2, reason="worker_killed"), a_letter(3, stage=Stage.DETECT, topic="crops.a.v1")]
    assert [one.letter.offset for one in known_letters(letters, wanted)] == numbers


def test_since_is_an_age_or_a_moment():
    assert abs((since_of("2h") or NOON) - utc_now() + timedelta(hours=2)) < timedelta(seconds=5)
    assert since_of("2026-11-21T12:00") == NOON
    assert since_of("2026-11-21T13:00+01:00") == NOON
    assert since_of(None) is None
    with pytest.raises(CommandFailed, match="30m, 2h, 3d"):
        since_of("yesterday")


def test_a_letter_is_found_by_the_beginning_of_its_id():
    letter, other = a_letter(1), a_letter(2)
    assert whole_letter([letter, other, settled(letter)], "1000000") == (letter, settled(letter))
    for begin in ("9999999", ""):
        with pytest.raises(CommandFailed, match="dead letters have an id that begins with"):
            whole_letter([letter, other], begin)
    with pytest.raises(CommandFailed, match="at least 6 characters"):
        checked_ids(["1000"])


def test_a_replay_sends_the_message_as_it_was_before_it_marks_the_letter():
    recorder, letter = Recorder(), a_letter(1, attempts=2, headers={"traceparent": "00-ab", "telltale-attempt": "2"})
    done = replay([letter], cast(RawSender, recorder), Pace(None), "mended").done
    headers = [("traceparent", b"00-ab"), ("telltale-attempt", b"3")]
    assert recorder.did == [
        ("sent", "media.uploaded.v1", b"key-1", b"\xff raw", headers),
        ("replayed", letter.dead_letter_id, "mended"),
    ]
    assert done == [letter.dead_letter_id]


def test_a_letter_without_its_message_stays_open():
    recorder, letter = Recorder(), a_letter(1, value_base64=None)
    settling = replay([letter], cast(RawSender, recorder), Pace(None), None)
    assert (recorder.did, settling.done, list(settling.left)) == ([], [], [letter.dead_letter_id])


def test_what_never_was_on_a_topic_is_not_sent_to_one():
    recorder, letter = Recorder(), a_letter(1, topic="sqs:uploads/3f2a")
    settling = replay([letter], cast(RawSender, recorder), Pace(None), None)
    assert (recorder.did, settling.done) == ([], [])
    assert "sqs:uploads/3f2a" in settling.left[letter.dead_letter_id]


def test_a_drop_is_recorded_with_its_reason():
    recorder, letter = Recorder(), a_letter(1)
    drop([letter], cast(RawSender, recorder), "a test file")
    assert recorder.did == [("dropped", letter.dead_letter_id, "a test file")]


def test_the_first_replay_is_the_second_try():
    assert ("telltale-attempt", b"2") in headers_of_the_next_try(a_letter(1))


def test_each_chosen_letter_comes_once():
    letter, other = a_letter(1), a_letter(2)
    assert list(chosen([letter, settled(letter), letter, other], [letter.dead_letter_id])) == [letter]


def test_the_pace_is_kept():
    waits: list[float] = []
    pace = Pace(4.0, clock=lambda: 100.0 + sum(waits), sleep=waits.append)
    for _ in range(3):
        pace.wait()
    assert waits == [0.25, 0.25]
