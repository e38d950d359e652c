"""What the projector makes of records, before any broker or database is involved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kafka.structs import TopicPartition
from sqlalchemy import Engine

from contracts.codec import decode, encode
from contracts.errors import NotNow
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Stage
from dashboard import item_queries
from dashboard.projector import Projection, read, start_of
from dashboard.read_model import ReadModelWriter, open_engine
from tests.support.items import a_verdict, an_upload


@dataclass
class Record:
    """As much of a Kafka record as is read."""

    topic: str
    value: bytes | None
    offset: int = 0
    partition: int = 0
    key: bytes | None = b"item"
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def test_records_become_messages_and_positions():
    upload = an_upload()
    reading = read(
        [
            Record(MEDIA_UPLOADED.name, encode(upload), offset=4),
            Record(MEDIA_VERDICTS.name, encode(a_verdict(upload)), offset=8, partition=1),
            Record(MEDIA_UPLOADED.name, encode(upload), offset=5),
        ]
    )
    assert reading.messages == [upload, a_verdict(upload), upload]
    assert reading.letters == []
    assert {(p.topic, p.partition, p.next_offset) for p in reading.positions} == {
        (MEDIA_UPLOADED.name, 0, 6),
        (MEDIA_VERDICTS.name, 1, 9),
    }


@pytest.mark.parametrize(
    "value", [None, b"\x00", b"[]", b'{"schema":"media.uploaded.v2"}', b'{"schema":"media.uploaded.v1"}']
)
def test_poison_is_parked_and_read_past(value: bytes | None):
    upload = an_upload()
    reading = read([Record(MEDIA_UPLOADED.name, value, 3), Record(MEDIA_UPLOADED.name, encode(upload), 4)])
    assert reading.messages == [upload]
    assert [(letter.stage, letter.media_id, letter.offset) for letter in reading.letters] == [
        (Stage.PROJECT, "item", 3)
    ]
    assert [position.next_offset for position in reading.positions] == [5]


def test_a_letter_is_the_same_on_every_delivery_and_fits_its_topic():
    record = Record(MEDIA_VERDICTS.name, b"x" * 4_000_000, headers=[("traceparent", b"00-aa-bb-01")])
    first, second = (read([record]).letters[0] for _ in range(2))
    assert first.dead_letter_id == second.dead_letter_id
    assert first.headers == {"traceparent": "00-aa-bb-01"}
    assert "too long" in first.detail
    assert len(encode(first)) < DEAD_LETTERS.max_message_bytes


def test_a_letter_keeps_the_bytes_and_can_be_read_again():
    letter = read([Record(MEDIA_UPLOADED.name, b"{}", key=None)]).letters[0]
    assert decode(encode(letter), DeadLetter) == letter
    assert letter.value_base64 == "e30="
    assert letter.media_id == letter.dead_letter_id


class Consumer:
    """One batch of records, then silence; what is committed is kept."""

    def __init__(self, *records: Record) -> None:
        self._batches = [{TopicPartition(records[0].topic, 0): list(records)}]
        self.committed_offsets: list[int] = []

    def poll(self, **_: int) -> dict:
        return self._batches.pop() if self._batches else {}

    def assignment(self) -> set:
        return set()

    def commit(self, offsets: dict) -> None:
        self.committed_offsets += [meta.offset for meta in offsets.values()]


def a_read_model(folder: Path) -> Engine:
    return open_engine(f"sqlite:///{folder / 'read_model.sqlite'}")


@pytest.mark.parametrize("odd", [{"seq": 2**70}, {"policy_version": "lone \ud800 surrogate"}])
def test_a_message_that_no_table_can_hold_is_parked_and_its_neighbours_are_kept(tmp_path: Path, odd: dict):
    upload = an_upload()
    fine, unfit = (
        encode(a_verdict(upload)),
        json.dumps({**json.loads(encode(a_verdict(upload, seq=2))), **odd}).encode(),
    )
    consumer = Consumer(Record(MEDIA_VERDICTS.name, unfit, 0), Record(MEDIA_VERDICTS.name, fine, 1))
    engine, letters = a_read_model(tmp_path), []
    projection = Projection(consumer, ReadModelWriter(engine), letters.append)  # type: ignore[arg-type]
    projection.step()
    assert [letter.offset for letter in letters] == [0]
    assert encode(letters[0])
    assert len(item_queries.history_of(engine, upload.media_id)) == 1
    assert consumer.committed_offsets == [2]
    engine.dispose()


def test_offsets_are_committed_only_when_letters_are_parked(tmp_path: Path):
    def away(letter: DeadLetter) -> None:
        raise NotNow("Kafka is away")

    consumer, engine = Consumer(Record(MEDIA_UPLOADED.name, b"poison")), a_read_model(tmp_path)
    projection = Projection(consumer, ReadModelWriter(engine), away)  # type: ignore[arg-type]
    with pytest.raises(NotNow):
        projection.step()
    assert consumer.committed_offsets == []
    assert ReadModelWriter(engine).next_offset(MEDIA_UPLOADED.name, 0) is None
    engine.dispose()


@pytest.mark.parametrize(
    ("kept", "committed", "start"),
    [(None, None, 0), (None, 9, 0), (9, None, 0), (7, 9, 7), (9, 7, 7)],
)
def test_reading_begins_behind_whoever_knows_less(kept: int | None, committed: int | None, start: int):
    assert start_of(kept, committed) == start
