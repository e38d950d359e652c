"""Keys of any characters keep their name on S3 servers: put, listed, looked up, and in the store's own event."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.dialects import DIALECTS
from ingest.notifications import parse
from ingest.object_store import ObjectStore, is_key, open_store
from tests.support.moto_server import moto_server
from tests.support.s3_server import S3Server

BUCKET = "odd-keys"
# What a folder below a gateway can name: steps of at most 255 bytes, none empty, without NUL. Characters that XML
# cannot write are left out, since no listing could name them.
STEPS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\ufffe\uffff"), min_size=1, max_size=60
)
KEYS = st.lists(STEPS, min_size=1, max_size=3).map("/".join).filter(is_key)


@pytest.fixture(params=["moto", pytest.param("versitygw", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An empty bucket of a server that speaks S3; boto3 in this process talks to it."""
    if request.param == "versitygw":
        server: S3Server = request.getfixturevalue("s3_server")
        yield open_store(server.make_bucket(BUCKET))
        return
    with moto_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield open_store(f"s3://{BUCKET}")


@given(key=KEYS)
@example(key="a b+c%20d.mp4")
@example(key="emoji 🎬/Grüße/视频.mp4")
@example(key="..dots../...mp4")
@example(key="what?#&=;:@,'\"<>\\|*.mp4")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_key_is_put_listed_looked_up_and_told_alike(store: ObjectStore, key: str):
    store.write(key, b"1")
    assert store.stat(key) in list(store.list())
    place = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    event = json.dumps({"Records": [{"eventName": "s3:ObjectCreated:Put", "s3": place}]}).encode()
    assert parse(event, DIALECTS["versitygw"])[0].key == key
    store.delete(key)


@pytest.mark.s3
def test_a_key_may_hold_a_line_end(s3_server: S3Server):
    """Not with moto, whose routes end at a line's end."""
    store = open_store(s3_server.make_bucket(BUCKET))
    store.write("line\nend.mp4", b"1")
    assert [found.key for found in store.list()] == ["line\nend.mp4"]


@pytest.mark.parametrize("key", ["/absolute.mp4", "a/../b.mp4", "./a.mp4", ""])
def test_a_key_that_leads_elsewhere_is_refused(key: str):
    with pytest.raises(ValueError, match="not an object key"):
        open_store(f"s3://{BUCKET}").stat(key)


def test_an_upload_in_parts_is_not_listed_before_it_is_complete(store: ObjectStore):
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    place = {"Bucket": BUCKET, "Key": "in parts.mp4"}
    upload = client.create_multipart_upload(**place)["UploadId"]
    part = client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"1")
    assert list(store.list()) == []
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    assert [found.key for found in store.list()] == ["in parts.mp4"]
