"""Uploads whose events come through SQS, by whatever service of AWS, are announced once in a real Kafka.

S3, SNS, EventBridge and SQS are those of moto: they speak the real protocols over HTTP, in this process.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.sqs.models import SQSBackend

from contracts.codec import decode
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED
from tests.support.bridge_process import BridgeProcess
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.moto_server import moto_server
from tests.support.uploads import has_uploads, uploads_in

pytestmark = pytest.mark.kafka

ODD_KEYS = ("in coming/a b.mp4", "plus+sign.mp4", "percent%20is not a space.mp4", "Grüße/🎬.mp4", "what?#&=.mp4")
ACCOUNT = "123456789012"
HIDDEN_S = 2


class Aws:
    """A bucket and a queue of moto's, and how events get from one to the other."""

    def __init__(self, variables: dict[str, str], name: str) -> None:
        self.variables, self.bucket = variables, name
        self.s3, self.sqs, self.sns, self.events = (boto3.client(one) for one in ("s3", "sqs", "sns", "events"))
        self.s3.create_bucket(Bucket=name)
        attributes = {"VisibilityTimeout": str(HIDDEN_S)}
        self.queue = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def tell_directly(self) -> None:
        self._tell(QueueConfigurations=[{"QueueArn": self.queue_arn, "Events": ["s3:ObjectCreated:*"]}])

    def tell_in_every_way(self) -> None:
        """Straight, over SNS in its envelope and raw, and over EventBridge: four messages per upload."""
        topics = [self._topic("wrapped", raw=False), self._topic("raw", raw=True)]
        rule = {"Name": "uploads", "EventPattern": json.dumps({"source": ["aws.s3"]})}
        self.events.put_rule(**rule)
        self.events.put_targets(Rule="uploads", Targets=[{"Id": "queue", "Arn": self.queue_arn}])
        created = ["s3:ObjectCreated:*"]
        self._tell(
            QueueConfigurations=[{"QueueArn": self.queue_arn, "Events": created}],
            TopicConfigurations=[{"TopicArn": topic, "Events": created} for topic in topics],
            EventBridgeConfiguration={},
        )

    def messages_left(self) -> int:
        """Visible and hidden ones."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        asked = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(asked[name]) for name in names)

    def _topic(self, name: str, *, raw: bool) -> str:
        topic = self.sns.create_topic(Name=f"{self.bucket}-{name}")["TopicArn"]
        attributes = {"RawMessageDelivery": str(raw).lower()}
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.queue_arn, Attributes=attributes)
        return topic

    def _tell(self, **configuration: Any) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration=configuration, SkipDestinationValidation=True
        )


@pytest.fixture
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with moto_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield Aws(variables, f"b{abs(hash(request.node.nodeid)):x}")


@pytest.fixture
def announced(kafka_broker: KafkaBroker) -> Iterator[Tail]:
    kafka_broker.ensure_every_topic()
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        yield tail


def a_bridge(home: Path, kafka: KafkaBroker, aws: Aws, **more: str) -> BridgeProcess:
    told = more or {"TELLTALE_NOTIFICATIONS_QUEUE": aws.queue, "TELLTALE_LISTING_INTERVAL_S": "3600"}
    return BridgeProcess(home, bucket=f"s3://{aws.bucket}", kafka=kafka.bootstrap_servers, **told, **aws.variables)


def test_an_upload_is_announced_once_however_its_event_travels(
    tmp_path: Path, kafka_broker: KafkaBroker, aws: Aws, announced: Tail
):
    aws.tell_in_every_way()
    with a_bridge(tmp_path / "home", kafka_broker, aws) as bridge:
        bridge.start()
        for key in ODD_KEYS:
            aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=b"1")
        wait_until(lambda: bridge.counted("announced") + bridge.counted("known") == 4 * len(ODD_KEYS), timeout_s=60)
        wait_until(lambda: aws.messages_left() == 0, timeout_s=60)
        # moto tells EventBridge of the tags of every new object too, so there are some that are no upload.
        assert [bridge.counted(one) for one in ("gone", "dead_letter", "listed")] == [0, 0, 0]
        announced.read_rest()
        assert sorted(one.key for one in uploads_in(aws.bucket, announced.records)) == sorted(ODD_KEYS)
        assert bridge.end() == 0


def test_poison_is_parked_with_its_bytes_and_leaves_the_queue(
    tmp_path: Path, kafka_broker: KafkaBroker, aws: Aws, announced: Tail
):
    aws.tell_directly()
    with a_bridge(tmp_path / "home", kafka_broker, aws) as bridge, kafka_broker.tail(DEAD_LETTERS.name) as parked:
        bridge.start()
        place = f"sqs:{aws.bucket}/{aws.sqs.send_message(QueueUrl=aws.queue, MessageBody='no json')['MessageId']}"
        aws.s3.put_object(Bucket=aws.bucket, Key="a.mp4", Body=b"1")
        parked.read_until(lambda seen: any(decode(one.value, DeadLetter).topic == place for one in seen))
        announced.read_until(has_uploads(aws.bucket, 1))
        wait_until(lambda: aws.messages_left() == 0, timeout_s=60)
        letter = next(found for one in parked.records if (found := decode(one.value, DeadLetter)).topic == place)
        assert (letter.stage, letter.value_base64) == ("ingest", "bm8ganNvbg==")


def test_a_kill_between_kafka_and_the_queue_repeats_the_message_under_one_identity(
    tmp_path: Path, kafka_broker: KafkaBroker, aws: Aws, announced: Tail, monkeypatch: pytest.MonkeyPatch
):
    asked_to_delete, go_on = threading.Event(), threading.Event()

    def never_deletes(*_: object) -> tuple[list[str], list[dict[str, str]]]:
        asked_to_delete.set()
        go_on.wait(60)
        return [], []

    aws.tell_directly()
    with monkeypatch.context() as delayed, a_bridge(tmp_path / "first", kafka_broker, aws) as killed:
        killed.start()
        wait_until(lambda: aws.messages_left() == 0, timeout_s=60)  # the test event of the bucket's configuration
        delayed.setattr(SQSBackend, "delete_message_batch", never_deletes)
        aws.s3.put_object(Bucket=aws.bucket, Key="a b.mp4", Body=b"1")
        assert asked_to_delete.wait(60)
        announced.read_until(has_uploads(aws.bucket, 1))
        killed.kill()
        go_on.set()
    assert aws.messages_left() == 1
    # Without the ledger of the one that was killed: only the message's identity can tell that it is the same.
    with a_bridge(tmp_path / "second", kafka_broker, aws) as bridge:
        bridge.start()
        wait_until(lambda: aws.messages_left() == 0, timeout_s=60)
        announced.read_rest()
        uploads = uploads_in(aws.bucket, announced.records)
        assert len(uploads) == 2
        assert len({one.media_id for one in uploads}) == 1


def test_a_bucket_that_tells_nothing_is_listed_again_and_again(
    tmp_path: Path, kafka_broker: KafkaBroker, aws: Aws, announced: Tail
):
    unfinished = aws.s3.create_multipart_upload(Bucket=aws.bucket, Key="in parts.mp4")["UploadId"]
    part = {"Bucket": aws.bucket, "Key": "in parts.mp4", "UploadId": unfinished, "PartNumber": 1}
    tag = aws.s3.upload_part(**part, Body=b"1")["ETag"]
    aws.s3.put_object(Bucket=aws.bucket, Key="before.mp4", Body=b"1")
    silent = {"TELLTALE_NOTIFICATIONS_DIALECT": "none", "TELLTALE_LISTING_INTERVAL_S": "0.3"}
    with a_bridge(tmp_path / "home", kafka_broker, aws, **silent) as bridge:
        bridge.start()
        announced.read_until(has_uploads(aws.bucket, 1))
        aws.s3.put_object(Bucket=aws.bucket, Key="after.mp4", Body=b"1")
        announced.read_until(has_uploads(aws.bucket, 2))
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        aws.s3.complete_multipart_upload(
            Bucket=aws.bucket, Key="in parts.mp4", UploadId=unfinished, MultipartUpload=parts
        )
        announced.read_until(has_uploads(aws.bucket, 3))
        assert [one.key for one in uploads_in(aws.bucket, announced.records)] == [
            "before.mp4",
            "after.mp4",
            "in parts.mp4",
        ]
        assert bridge.end() == 0
