"""A dead letter keeps everything of its record; too many of them blow the fuse."""

import base64

import pytest

from contracts.codec import decode, encode
from contracts.errors import CorruptObject, PoisonMessage, TooManyDeadLetters
from contracts.messages import DeadLetter
from contracts.vocabulary import Stage
from ingest.fuse import DeadLetterBudget
from stream_processors.dead_letters import dead_letter, reason_of
from tests.support.faust_records import an_event


def raised(why: Exception) -> Exception:
    try:
        raise why
    except type(why) as caught:
        return caught


def test_a_dead_letter_holds_the_record_and_the_reason():
    event = an_event(b"\xff\x00 not json", key=b"item-1", partition=2, offset=77, headers={"traceparent": b"00-ab"})
    letter = dead_letter(event, raised(PoisonMessage("not JSON")), stage=Stage.EXTRACT)
    assert base64.b64decode(letter.value_base64 or "") == b"\xff\x00 not json"
    assert letter.media_id == "item-1"
    assert letter.reason == "poison_message"
    assert letter.detail == "not JSON"
    assert (letter.topic, letter.partition, letter.offset) == ("media.uploaded.v1", 2, 77)
    assert letter.headers == {"traceparent": "00-ab"}
    assert "PoisonMessage" in (letter.traceback or "")
    assert decode(encode(letter), DeadLetter) == letter


def test_the_same_record_gives_the_same_letter_and_another_one_does_not():
    ids = {
        dead_letter(event, PoisonMessage("x"), stage=stage).dead_letter_id
        for event in (an_event(offset=1), an_event(offset=1), an_event(offset=2))
        for stage in (Stage.EXTRACT, Stage.DETECT)
    }
    assert len(ids) == 4


@pytest.mark.parametrize("key", [None, b"", b"\x00\x01", b"x" * 500])
def test_a_record_without_a_usable_key_is_keyed_by_the_letter(key):
    letter = dead_letter(an_event(None, key=key), PoisonMessage("x"), stage=Stage.DETECT)
    assert letter.media_id == letter.dead_letter_id
    assert letter.value_base64 is None


def test_failures_have_words():
    assert reason_of(CorruptObject) == "corrupt_object"


def test_the_fuse_blows_when_a_fifth_of_a_full_window_was_parked():
    budget = DeadLetterBudget(window=10, share=0.2)
    for parked in (True, True, False, False, False, False, False, False, False, False):
        budget.record(parked=parked)
    budget.record(parked=True)
    budget.record(parked=True)
    with pytest.raises(TooManyDeadLetters):
        budget.record(parked=True)


def test_a_few_poisoned_messages_at_the_start_do_not_blow_the_fuse():
    budget = DeadLetterBudget(window=10, share=0.2)
    for _ in range(9):
        budget.record(parked=True)
