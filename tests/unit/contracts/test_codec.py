"""Messages survive the way to bytes and back; foreign, newer and broken bytes are poison."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode, encode, schema_of
from contracts.errors import PoisonMessage
from contracts.messages import MediaUploaded, MediaVerdict, Message
from contracts.topics import every_topic

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"
CARRIED = {topic.carries.SCHEMA: topic.carries for topic in every_topic(("telltale",))}


@pytest.mark.parametrize("schema", CARRIED)
def test_every_message_has_an_example_that_survives_the_round_trip(schema: str):
    raw = (EXAMPLES / f"{schema}.json").read_bytes()
    message = decode(raw, CARRIED[schema])
    assert json.loads(encode(message)) == json.loads(raw)
    assert decode(encode(message), CARRIED[schema]) == message


def test_there_is_no_example_of_a_message_that_no_topic_carries():
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(CARRIED)


def example(schema: str) -> dict:
    return json.loads((EXAMPLES / f"{schema}.json").read_text())


def test_a_field_of_a_later_minor_version_is_ignored():
    body = {**example("media.uploaded.v1"), "added_later": {"deep": 1}}
    assert decode(json.dumps(body).encode(), MediaUploaded).key == body["key"]


@pytest.mark.parametrize("schema", ["media.uploaded.v2", "media.verdicts.v1", None, 7])
def test_another_schema_or_version_is_poison(schema):
    body = {**example("media.uploaded.v1"), "schema": schema}
    with pytest.raises(PoisonMessage, match="expected schema"):
        decode(json.dumps(body).encode(), MediaUploaded)


def test_a_missing_field_is_named():
    body = example("media.uploaded.v1")
    del body["bucket"]
    with pytest.raises(PoisonMessage, match="bucket"):
        decode(json.dumps(body).encode(), MediaUploaded)


def test_the_rejected_value_is_not_repeated():
    body = {**example("media.uploaded.v1"), "size_bytes": "hunter2"}
    with pytest.raises(PoisonMessage) as caught:
        decode(json.dumps(body).encode(), MediaUploaded)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("raw", [None, b"", b"[]", b"7", b"\xff\xfe", b"{", b"[" * 100_000])
def test_bytes_that_are_no_object_are_poison(raw):
    with pytest.raises(PoisonMessage):
        decode(raw, MediaUploaded)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw: bytes):
    for carries in CARRIED.values():
        with pytest.raises(PoisonMessage):
            decode(raw, carries)


def test_a_score_that_is_no_number_is_refused():
    body = example("detector.scores.v1")
    body["clips"][0]["raw_score"] = float("nan")
    with pytest.raises(PoisonMessage):
        decode(json.dumps(body).encode(), CARRIED["detector.scores.v1"])


def test_the_schema_can_be_read_without_the_message():
    assert schema_of(b'{"schema":"media.extracted.v1"}') == "media.extracted.v1"
    assert schema_of(b"{}") is None


def test_messages_are_frozen():
    message = decode((EXAMPLES / "media.uploaded.v1.json").read_bytes(), MediaUploaded)
    with pytest.raises(ValueError, match="frozen"):
        message.key = "other"  # type: ignore[misc]
    assert issubclass(MediaUploaded, Message)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_cannot_carry_on_is_poison(number: str):
    raw = json.dumps({**example("media.verdicts.v1"), "segments": [{"start": 0, "end": "@", "model": "m"}]})
    with pytest.raises(PoisonMessage, match=r"segments\.0\.end"):
        decode(raw.replace('"@"', number).encode(), MediaVerdict)


@pytest.mark.parametrize("half", [rb"\ud800", rb"\udfff\ud800", b"\xed\xa0\x80"])
def test_half_a_character_is_poison(half: bytes):
    raw = json.dumps({**example("media.uploaded.v1"), "source": "@"}).encode().replace(b"@", half)
    with pytest.raises(PoisonMessage, match="not JSON"):
        decode(raw, MediaUploaded)
