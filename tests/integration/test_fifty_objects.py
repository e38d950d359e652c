"""Fifty mixed uploads to a real S3 server, some announced twice: each ends in exactly one final verdict."""

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from boto3.s3.transfer import TransferConfig
from kafka import KafkaConsumer, KafkaProducer

from tests.support.kafka_broker import KafkaBroker
from tests.support.pipeline import Outcomes, RunningPipeline
from tests.support.s3_server import S3Server
from tests.support.short_clips import a_face_clip, a_picture

pytestmark = [pytest.mark.kafka, pytest.mark.s3]

EVENTS = "bucket.notifications"
ODD = (
    "tip line/été à Zürich.jpg",
    "a+b.jpg",
    "50%25 sure.jpg",
    "plus + space.jpg",
    "naïve#1?.jpg",
    "日本.jpg",
    "it's.jpg",
)
MULTIPART_BYTES = 4 * 2**20


def fifty_objects() -> dict[str, bytes]:
    clip = a_face_clip()
    odd = {key: a_picture(number) for number, key in enumerate(ODD)}
    plain = {f"desk/{number:02}.jpg": a_picture(number) for number in range(34)}
    clips = {f"clips/{number}.mp4": a_face_clip(number) for number in range(3)}
    broken = {
        "empty.mp4": b"",
        "text.mp4": b"this is no film\n" * 50,
        "cut.mp4": clip[: len(clip) // 3],
        "noise.webm": np.random.default_rng(1).bytes(4096),
        "deep/er/no-face.png": cv2.imencode(".png", np.full((240, 320, 3), 90, np.uint8))[1].tobytes(),
    }
    return odd | plain | clips | broken


@pytest.fixture
def server(tmp_path: Path, own_kafka_broker: KafkaBroker) -> Iterator[S3Server]:
    own_kafka_broker.start()
    own_kafka_broker.ensure_topics(EVENTS)
    with S3Server(tmp_path / "s3", events_to=(own_kafka_broker.bootstrap_servers, EVENTS)) as server:
        server.make_bucket("incoming")
        yield server


def repeat_every_notification(bootstrap_servers: str) -> int:
    """Write each notification of the topic once more, as a store that retries would."""
    reader = KafkaConsumer(EVENTS, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    seen = [record for batch in reader.poll(timeout_ms=10_000, max_records=1000).values() for record in batch]
    reader.close()
    writer = KafkaProducer(bootstrap_servers=bootstrap_servers)
    for record in seen:
        writer.send(EVENTS, key=record.key, value=record.value)
    writer.close()
    return len(seen)


@pytest.mark.timeout(900)
def test_each_of_fifty_objects_ends_exactly_once(tmp_path: Path, own_kafka_broker: KafkaBroker, server: S3Server):
    objects = fifty_objects()
    big = a_picture(39) + np.random.default_rng(2).bytes(MULTIPART_BYTES)
    keys = {*objects, "multi part.jpg"}
    assert len(keys) == 50
    env = {**server.environment, "KAFKA_BOOTSTRAP_SERVERS": own_kafka_broker.bootstrap_servers}
    with RunningPipeline(tmp_path / "home", "s3://incoming", env=env) as pipeline:
        for key, data in objects.items():
            server.client.put_object(Bucket="incoming", Key=key, Body=data)
        parts = TransferConfig(multipart_threshold=1, multipart_chunksize=5 * 2**20)
        server.client.upload_fileobj(io.BytesIO(big), "incoming", "multi part.jpg", Config=parts)
        assert repeat_every_notification(own_kafka_broker.bootstrap_servers) >= 50
        with Outcomes(own_kafka_broker.bootstrap_servers) as outcomes:

            def all_ended() -> bool:
                outcomes.read()
                return len(outcomes.ended) >= len(keys)

            pipeline.wait_until(all_ended, timeout_s=600)
            outcomes.read(wait_s=5.0)
            check(outcomes, keys)


def check(outcomes: Outcomes, keys: set[str]) -> None:
    assert len(outcomes.ended) == len(keys)
    assert all(len(events) == 1 for events in outcomes.finals.values())
    parked = {letter["media_id"] for letter in outcomes.dead_letters}
    assert not parked & set(outcomes.finals)
    assert set(outcomes.verdicts) <= keys
    assert {unquote(key) for key in outcomes.verdicts} >= {unquote(key) for key in ODD}
    for key in ("empty.mp4", "text.mp4", "noise.webm", "deep/er/no-face.png"):
        verdict = outcomes.verdicts[key]
        assert (verdict["verdict"], verdict["probability"]) == ("not_assessed", None)
        assert verdict["reasons"]
    assert outcomes.verdicts["deep/er/no-face.png"]["reasons"] == ["no_face"]
    assert outcomes.verdicts["desk/00.jpg"]["detectors"][0]["status"] == "scored"
