"""A queue of a server that speaks SQS is read, hidden and emptied, and every trouble with it is "not now"."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from contracts.errors import NotNow
from ingest.sqs_queue import QueuedMessage, SqsQueue
from tests.support.moto_server import moto_server


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with moto_server() as variables:
        yield variables


@pytest.fixture
def client(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return boto3.client("sqs")


@pytest.fixture
def queue(client: Any, request: pytest.FixtureRequest) -> SqsQueue:
    name = f"q{abs(hash(request.node.nodeid)):x}"
    return SqsQueue(client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "77"})["QueueUrl"])


def test_a_message_is_read_hidden_shown_and_deleted(client: Any, queue: SqsQueue):
    client.send_message(QueueUrl=queue.url, MessageBody="Grüße")
    (message,) = queue.receive(wait_s=1)
    assert (message.body.decode(), queue.hidden_s) == ("Grüße", 77)
    assert queue.receive(wait_s=0) == []
    queue.hide([message], for_s=0)
    (again,) = queue.receive(wait_s=1)
    assert again.message_id == message.message_id
    queue.delete([again])
    queue.hide([again], for_s=0)
    assert queue.receive(wait_s=0) == []


def test_what_cannot_be_deleted_does_not_keep_the_others(client: Any, queue: SqsQueue):
    client.send_message(QueueUrl=queue.url, MessageBody="1")
    (message,) = queue.receive(wait_s=1)
    queue.delete([QueuedMessage("expired", "no receipt", b""), message])
    queue.hide([message], for_s=0)
    assert queue.receive(wait_s=0) == []


def test_a_queue_that_is_missing_or_away_is_not_now(queue: SqsQueue, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(NotNow, match="NonExistentQueue"):
        SqsQueue(f"{queue.url}-other").receive(wait_s=0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(NotNow, match="away"):
        SqsQueue(queue.url).receive(wait_s=0)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/111122223333/uploads", "eu-central-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/uploads", "cn-north-1"),
        ("http://127.0.0.1:4566/000000000000/uploads", "us-east-1"),
    ],
)
def test_the_region_is_that_of_the_queue(client: Any, url: str, region: str):
    assert SqsQueue(url)._client.meta.region_name == region
