"""A parked record can be put back exactly as it lay, and knows which try it was."""

import pytest

from contracts.codec import decode, encode
from contracts.messages import DeadLetter
from contracts.vocabulary import Stage
from ingest.parking import ATTEMPT_HEADER, ParkedRecord, attempt_in, headers_of, letter_of

HEADERS = [("traceparent", b"00-ab"), ("raw", b"\xff\x00"), ("gone", None), ("empty", b"")]


def a_letter(*, headers: list[tuple[str, bytes | str | None]], why: str = "x") -> DeadLetter:
    record = ParkedRecord.of(("crops.a.v1", 2, 7), b"key", b"\xffvalue", headers)
    return letter_of(record, ValueError(why), stage=Stage.DETECT, reason="poison_message", media_id="item")


def test_headers_come_back_byte_by_byte():
    letter = decode(encode(a_letter(headers=[*HEADERS])), DeadLetter)
    assert sorted(headers_of(letter)) == [("empty", b""), ("raw", b"\xff\x00"), ("traceparent", b"00-ab")]
    assert "ValueError" in (letter.traceback or "")


def test_the_attempt_is_the_one_that_the_record_says():
    assert a_letter(headers=[(ATTEMPT_HEADER, b"3")]).attempts == 3
    assert a_letter(headers=[]).attempts == 1


@pytest.mark.parametrize("said", [b"", b"-4", b"0", b"\xff", b"many", b"9" * 5000, "²", None])
def test_a_strange_attempt_is_the_first(said: bytes | str | None):
    assert attempt_in([(ATTEMPT_HEADER, said)]) == 1


def test_what_utf_8_cannot_carry_does_not_stop_parking():
    assert decode(encode(a_letter(headers=[], why="file \udcff.mp4")), DeadLetter).detail == "file ?.mp4"
