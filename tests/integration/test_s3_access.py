"""A real S3 server: signed requests are served, wrong and missing credentials are refused in words without them."""

import os
from pathlib import Path

import httpx
import pytest

from contracts.errors import LoginRefused
from ingest.object_stores.s3 import S3Store
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.s3
PLANTED = "pl4nted-wrong-secret"


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    s3_server.client.create_bucket(Bucket="incoming")
    S3Store("incoming").write("a.mp4", b"media")
    return "incoming"


def test_nobody_reads_without_a_signature(s3_server: S3Server, bucket: str):
    assert httpx.get(f"{s3_server.endpoint}/{bucket}/a.mp4").status_code == 403
    assert S3Store(bucket).read("a.mp4") == b"media"


def test_wrong_credentials_are_refused_without_being_named(bucket: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(LoginRefused, match="does not let these credentials do that: 403") as why:
        S3Store(bucket).read("a.mp4")
    assert PLANTED not in str(why.value)


def test_without_credentials_nothing_is_asked(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(LoginRefused, match="holds no credentials"):
        S3Store(bucket).read("a.mp4")


def test_credentials_of_a_profile_work_as_well(
    s3_server: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    known = s3_server.environment
    (tmp_path / "credentials").write_text(
        f"[desk]\naws_access_key_id = {known['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {known['AWS_SECRET_ACCESS_KEY']}\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "desk")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    assert S3Store(bucket).read("a.mp4") == b"media"
