"""A list of keys is announced in a real Kafka by the command itself, and the same list again changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from tests.support.kafka_broker import KafkaBroker
from tests.support.moto_server import moto_server
from tests.support.parts import ROOT
from tests.support.uploads import has_uploads, uploads_in

pytestmark = pytest.mark.kafka

BUCKET = "lies-there-already"
KEYS = ("a b.mp4", "Grüße/🎬+.mp4", "percent%20.mp4")


def submit(keys: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telltale", "submit", "--keys", "-", "--bucket", f"s3://{BUCKET}", "--json"],
        cwd=ROOT,
        env=os.environ | environment,
        input=keys,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_list_is_announced_once(tmp_path: Path, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch):
    kafka_broker.ensure_every_topic()
    with moto_server() as variables, kafka_broker.tail(MEDIA_UPLOADED.name) as announced:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        for key in KEYS:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"1")
        deployment = {"KAFKA_BOOTSTRAP_SERVERS": kafka_broker.bootstrap_servers, "TELLTALE_HOME": str(tmp_path)}
        first = submit("\n".join((*KEYS, "gone.mp4")), deployment)
        assert "1 of 4 keys name no object that can be judged: 'gone.mp4'" in first.stderr
        assert first.returncode == 1
        announced.read_until(has_uploads(BUCKET, len(KEYS)))
        again = submit("\n".join(KEYS), deployment)
        assert again.returncode == 0, again.stderr
        assert [json.loads(line)["outcome"] for line in again.stdout.splitlines()] == ["known"] * len(KEYS)
        announced.read_rest()
    uploads = uploads_in(BUCKET, announced.records)
    assert sorted(one.key for one in uploads) == sorted(KEYS)
    assert {one.lane for one in uploads} == {Lane.BULK}
