"""Objects put into a real S3 server come out of a real Kafka as one announcement per version, by notices or listing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from contracts.codec import decode
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED
from contracts.vocabulary import Stage
from ingest.fuse import blown_fuses, clear
from ingest.identity import media_id_of
from ingest.object_store import open_store
from tests.support.bridge_process import BridgeProcess
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.s3_server import S3Server
from tests.support.uploads import has_uploads, uploads_in

pytestmark = [pytest.mark.kafka, pytest.mark.s3]

ODD_KEYS = (
    "in coming/a b.mp4",
    "plus+sign.mp4",
    "percent%20is not a space.mp4",
    "Grüße/übermäßig.mp4",
    "影片/视频.mp4",
    "what?#&=.mp4",
    "quotes'\".mp4",
    "bulk/later.mp4",
)


@pytest.fixture
def server(s3_server_with_events: S3Server) -> S3Server:
    return s3_server_with_events


@pytest.fixture
def bucket(server: S3Server, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.nodeid)):x}"
    server.make_bucket(name)
    return name


@pytest.fixture
def announced(kafka_broker: KafkaBroker) -> Iterator[Tail]:
    kafka_broker.ensure_every_topic()
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        yield tail


def a_bridge(home: Path, kafka: KafkaBroker, server: S3Server, bucket: str, **more: str) -> BridgeProcess:
    return BridgeProcess(
        home,
        bucket=f"s3://{bucket}",
        kafka=kafka.bootstrap_servers,
        TELLTALE_NOTIFICATIONS_TOPIC=server.events_topic,
        **{"TELLTALE_LISTING_INTERVAL_S": "3600", **more},
        **server.environment,
    )


@pytest.fixture
def bridge(
    tmp_path: Path, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
) -> Iterator[BridgeProcess]:
    """Started, its first listing done, so that what comes later comes by notification."""
    with a_bridge(tmp_path / "home", kafka_broker, server, bucket) as process:
        process.start()
        yield process


def send_again(kafka: KafkaBroker, server: S3Server, tail: Tail) -> int:
    """Repeat every notification that was written so far, as stores do; how many they are leaves."""
    records = tail.read_rest()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    for record in records:
        producer.send(server.events_topic, value=record.value)
    producer.close()
    return len(records)


def put_in_parts(client: Any, bucket: str, key: str, *, parts: int = 2) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    done = []
    for number in range(1, parts + 1):
        size_bytes = (5 << 20) if number < parts else 1234
        part = client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=bytes([number]) * size_bytes
        )
        done.append({"PartNumber": number, "ETag": part["ETag"]})
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done})


def test_odd_keys_and_repeated_notifications_give_one_announcement_each(
    bridge: BridgeProcess, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    with kafka_broker.tail(server.events_topic) as events:
        for number, key in enumerate(ODD_KEYS, start=1):
            server.client.put_object(Bucket=bucket, Key=key, Body=b"x" * number)
        announced.read_until(has_uploads(bucket, len(ODD_KEYS)))
        repeated = send_again(kafka_broker, server, events)
    wait_until(lambda: bridge.counted("known") == repeated)
    announced.read_rest()
    seen = uploads_in(bucket, announced.records)
    assert sorted((one.key, one.size_bytes) for one in seen) == sorted(
        (key, number) for number, key in enumerate(ODD_KEYS, start=1)
    )
    store = open_store(f"s3://{bucket}")
    assert all(one.version == store.stat(one.key).version for one in seen)
    assert all(one.media_id == media_id_of(bucket, one.key, one.version) for one in seen)
    assert bridge.counted("listed") == 0


def test_an_upload_in_parts_has_its_true_size(bridge: BridgeProcess, server: S3Server, bucket: str, announced: Tail):
    put_in_parts(server.client, bucket, "large one.mp4")
    announced.read_until(has_uploads(bucket, 1))
    (upload,) = uploads_in(bucket, announced.records)
    assert upload.size_bytes == (5 << 20) + 1234
    assert upload.version.endswith("-2")


def test_what_is_no_upload_is_counted_and_passed_over(
    bridge: BridgeProcess, server: S3Server, bucket: str, announced: Tail
):
    client = server.client
    client.put_object(Bucket=bucket, Key="gone.mp4", Body=b"1")
    announced.read_until(has_uploads(bucket, 1))
    client.put_object_tagging(Bucket=bucket, Key="gone.mp4", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    client.copy_object(Bucket=bucket, Key="a copy.mp4", CopySource={"Bucket": bucket, "Key": "gone.mp4"})
    client.delete_object(Bucket=bucket, Key="gone.mp4")
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "never.mp4"}]})
    client.put_object(Bucket=bucket, Key="folder/", Body=b"")
    announced.read_until(has_uploads(bucket, 2))
    wait_until(lambda: bridge.counted("removed") >= 1)
    announced.read_rest()
    assert [one.key for one in uploads_in(bucket, announced.records)] == ["gone.mp4", "a copy.mp4"]
    assert bridge.counted("dead_letter") == 0


def test_a_notification_of_an_object_that_is_gone_is_dropped(
    bridge: BridgeProcess, kafka_broker: KafkaBroker, server: S3Server, bucket: str
):
    record = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": {"key": "gone.mp4"}}}
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    producer.send(server.events_topic, value=json.dumps({"Records": [record]}).encode())
    producer.close()
    wait_until(lambda: bridge.counted("gone") == 1)


def test_the_test_event_of_the_store_is_no_dead_letter(
    tmp_path: Path, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    with kafka_broker.tail(server.events_topic) as events:
        server.stop()
        server.start()
        events.read_until(lambda seen: any(b"s3:TestEvent" in record.value for record in seen))
    with a_bridge(tmp_path / "home", kafka_broker, server, bucket) as bridge:
        bridge.start()
        server.client.put_object(Bucket=bucket, Key="a.mp4", Body=b"1")
        announced.read_until(has_uploads(bucket, 1))
        assert bridge.counted("dead_letter") == 0


def test_nonsense_on_the_topic_is_parked_with_its_bytes(
    bridge: BridgeProcess, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    with kafka_broker.tail(DEAD_LETTERS.name) as parked:
        producer.send(server.events_topic, key=b"k", value=b"\xff no json", headers=[("origin", b"test")])
        producer.close()
        server.client.put_object(Bucket=bucket, Key="a.mp4", Body=b"1")
        parked.read_until(lambda seen: any(_is_from(server.events_topic, one.value) for one in seen))
        announced.read_until(has_uploads(bucket, 1))
    letter = next(decode(one.value, DeadLetter) for one in parked.records if _is_from(server.events_topic, one.value))
    assert (letter.stage, letter.value_base64, letter.headers) == ("ingest", "/yBubyBqc29u", {"origin": "test"})


def test_too_many_dead_letters_stop_it_until_somebody_says_go_on(
    tmp_path: Path, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    home = tmp_path / "home"
    with a_bridge(home, kafka_broker, server, bucket, TELLTALE_FUSE_LETTERS="2") as bridge:
        bridge.start()
        producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
        for number in range(3):
            producer.send(server.events_topic, value=b"no json %d" % number)
        producer.close()
        wait_until(lambda: blown_fuses(home))
        wait_until(lambda: not bridge.is_ready())
        with kafka_broker.tail(server.events_topic) as events:
            server.client.put_object(Bucket=bucket, Key="waits.mp4", Body=b"1")
            events.read_until(lambda seen: any(b"waits.mp4" in record.value for record in seen))
        assert [fuse.stage for fuse in blown_fuses(home)] == [Stage.INGEST]
        assert bridge.is_live()
        assert not has_uploads(bucket, 1)(announced.read_rest())

        clear(home, Stage.INGEST)
        announced.read_until(has_uploads(bucket, 1))
        wait_until(bridge.is_ready)


def _is_from(topic: str, raw: bytes) -> bool:
    return decode(raw, DeadLetter).topic == topic


def test_what_lay_in_the_bucket_before_is_found_by_the_first_listing(
    tmp_path: Path, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    quiet = kafka_broker.new_topic("bucket.notifications")
    for number in range(3):
        server.client.put_object(Bucket=bucket, Key=f"{number}.mp4", Body=b"1")
    more = {"TELLTALE_NOTIFICATIONS_TOPIC": quiet, "TELLTALE_LISTING_INTERVAL_S": "0.5", **server.environment}
    with BridgeProcess(tmp_path / "home", bucket=f"s3://{bucket}", kafka=kafka_broker.bootstrap_servers, **more) as b:
        b.start()
        announced.read_until(has_uploads(bucket, 3))
        server.client.put_object(Bucket=bucket, Key="its notification was lost.mp4", Body=b"2")
        announced.read_until(has_uploads(bucket, 4))
        announced.read_rest()
        assert len(uploads_in(bucket, announced.records)) == 4
        assert b.end() == 0


def test_a_store_that_goes_away_delays_and_loses_nothing(
    bridge: BridgeProcess, kafka_broker: KafkaBroker, server: S3Server, bucket: str, announced: Tail
):
    server.client.put_object(Bucket=bucket, Key="a.mp4", Body=b"1")
    announced.read_until(has_uploads(bucket, 1))
    with kafka_broker.tail(server.events_topic) as events:
        server.client.put_object(Bucket=bucket, Key="b.mp4", Body=b"2")
        events.read_until(lambda seen: len(seen) >= 1)
        server.stop()
        wait_until(lambda: bridge.counted("announced") == 2 or "ingest_waits" in bridge.log.read_text(), timeout_s=60)
        send_again(kafka_broker, server, events)
    wait_until(lambda: "ingest_waits" in bridge.log.read_text(), timeout_s=60)
    server.start()
    announced.read_until(has_uploads(bucket, 2))
    announced.read_rest()
    assert [one.key for one in uploads_in(bucket, announced.records)] == ["a.mp4", "b.mp4"]


def test_a_kill_repeats_nothing_that_the_ledger_knows(
    bridge: BridgeProcess, server: S3Server, bucket: str, announced: Tail
):
    for number in range(10):
        server.client.put_object(Bucket=bucket, Key=f"{number}.mp4", Body=b"1")
    wait_until(lambda: bridge.counted("announced") == 10)  # counted when they are in the ledger
    bridge.kill()
    server.client.put_object(Bucket=bucket, Key="meanwhile.mp4", Body=b"2")
    bridge.start()
    announced.read_until(has_uploads(bucket, 11))
    announced.read_rest()
    assert len(uploads_in(bucket, announced.records)) == 11
