"""Every documented event form is understood, any key survives its store's encoding, and nonsense is poison."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import PoisonMessage
from ingest.dialects import DIALECTS
from ingest.notifications import parse
from ingest.object_events import Happening, ObjectEvent

FORMS = sorted((Path(__file__).parents[2] / "data" / "notifications").glob("*.json"))
ENCODERS = {
    "aws, spaces as plus": ("aws", lambda key: quote_plus(key, safe="/")),
    "aws, slashes too": ("aws", quote_plus),
    "aws, spaces as percent": ("aws", quote),
    "minio": ("minio", quote_plus),
    "ceph": ("ceph", str),
    "versitygw": ("versitygw", str),
}
DIALECT = DIALECTS["versitygw"]
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def a_notification(key: str = "a.mp4", **record: object) -> bytes:
    place = {"bucket": {"name": "incoming"}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": place, **record}]}).encode()


def an_eventbridge_event(key: str, *, kind: str = "Object Created", source: str = "aws.s3") -> bytes:
    place = {"bucket": {"name": "incoming"}, "object": {"key": key}}
    return json.dumps({"version": "0", "detail-type": kind, "source": source, "detail": place}).encode()


def over_sns(message: bytes) -> bytes:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": message.decode()}).encode()


def bytes_of(form: dict[str, Any]) -> bytes:
    written = form.get("message_base64")
    return base64.b64decode(written) if written else json.dumps(form["message"]).encode()


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_every_documented_form_is_understood(file: Path):
    form = json.loads(file.read_text())
    expected = tuple(ObjectEvent(Happening(one["happening"]), one["bucket"], one["key"]) for one in form["expected"])
    record_key = form.get("record_key", "some key").encode()
    assert parse(bytes_of(form), DIALECTS[form["dialect"]], record_key=record_key) == expected


def test_every_dialect_has_a_documented_form():
    assert {json.loads(file.read_text())["dialect"] for file in FORMS} == set(DIALECTS)


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
@given(key=KEYS)
def test_any_key_survives_its_stores_encoding(encoder, key: str):
    dialect, encode = encoder
    (event,) = parse(a_notification(encode(key)), DIALECTS[dialect])
    assert event.key == key


@given(key=KEYS)
def test_any_key_survives_the_services_that_pass_it_on(key: str):
    aws = DIALECTS["aws"]
    assert parse(over_sns(a_notification(quote_plus(key))), aws)[0].key == key
    assert parse(an_eventbridge_event(key), aws)[0].key == key
    assert parse(over_sns(an_eventbridge_event(key)), aws)[0].key == key


def test_one_message_may_carry_several_events():
    one = json.loads(a_notification("a.mp4"))["Records"]
    two = json.loads(a_notification("b.mp4"))["Records"]
    events = parse(json.dumps({"Records": one + two}).encode(), DIALECT)
    assert [event.key for event in events] == ["a.mp4", "b.mp4"]


def test_a_later_minor_form_with_unknown_fields_is_understood():
    (event,) = parse(a_notification(eventVersion="2.19", novelty={"deep": [1, 2]}), DIALECT)
    assert event.key == "a.mp4"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"Records": {}}',
        b'{"Records": [{}]}',
        b'{"Event": "s3:OtherEvent"}',
        b'{"Event": 7}',
        b'{"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:x", "Message": "You have chosen to"}',
        b'{"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": "no JSON"}',
        b'{"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": {"Records": []}}',
        b'{"detail-type": "Object Created", "source": "aws.s3"}',
        b'{"detail-type": 7, "source": "aws.s3"}',
        an_eventbridge_event("a.mp4", source="our.own"),
        an_eventbridge_event("a.mp4", kind="AWS API Call via CloudTrail"),
        b'{"Records": [' + b"[" * 100_000,
        a_notification(eventVersion="3.0"),
        a_notification(eventVersion=2),
        a_notification().replace(b"a.mp4", rb"\ud800"),
    ],
    ids=lambda raw: repr(raw)[:40],
)
def test_what_is_no_notification_is_poison(raw: bytes | None):
    with pytest.raises(PoisonMessage):
        parse(raw, DIALECT)


def test_a_key_that_is_no_text_is_poison():
    with pytest.raises(PoisonMessage, match="encoding"):
        parse(a_notification("%ff%fe"), DIALECTS["aws"])


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@given(raw=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: a_notification(quote(text, safe=""))))
def test_no_bytes_raise_anything_but_poison(dialect, raw: bytes):
    try:
        events = parse(raw, dialect)
    except PoisonMessage:
        return
    assert all(isinstance(event, ObjectEvent) for event in events)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Records", "Event", "s3", "object", "bucket", "key", "name", "eventName"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_raises_anything_but_poison(value: object):
    try:
        parse(json.dumps(value).encode(), DIALECT)
    except PoisonMessage:
        return
    assert isinstance(value, dict)
