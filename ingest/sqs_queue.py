"""The URL of an SQS queue in; its messages out, hidden from other readers until they are deleted or shown again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import ClientError, CredentialRetrievalError, HTTPClientError
from botocore.exceptions import ConnectionError as QueueUnreachable

from contracts.errors import NotNow

_MOST_MESSAGES = 10
_LEAST_HIDDEN_S = 30
_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message; ``receipt`` is this delivery's handle, ``message_id`` stays the same on every delivery."""

    message_id: str
    receipt: str
    body: bytes


class SqsQueue:
    """A standard queue. Every method raises ``NotNow`` while SQS is away or refuses; region, endpoint and credentials
    come from boto3's own chain, the region of an AWS queue from its URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def name(self) -> str:
        return self.url.rstrip("/").rpartition("/")[2]

    @cached_property
    def hidden_s(self) -> int:
        """For how many seconds a received message is hidden: as the queue says, where it hides messages at all."""
        with _away_means_not_now():
            asked = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["VisibilityTimeout"])
        return int(asked.get("Attributes", {}).get("VisibilityTimeout", 0)) or _LEAST_HIDDEN_S

    def receive(self, *, wait_s: int) -> list[QueuedMessage]:
        """At most ten messages, as soon as there is one; none after ``wait_s`` seconds."""
        wanted = {"MaxNumberOfMessages": _MOST_MESSAGES, "WaitTimeSeconds": wait_s, "VisibilityTimeout": self.hidden_s}
        with _away_means_not_now():
            answer = self._client.receive_message(QueueUrl=self.url, **wanted)
        return [
            QueuedMessage(one["MessageId"], one["ReceiptHandle"], one["Body"].encode())
            for one in answer.get("Messages", ())
        ]

    def delete(self, messages: Sequence[QueuedMessage]) -> None:
        """Take messages away for good; one that SQS would not delete comes again, which is logged and does no harm."""
        with _away_means_not_now():
            self._tell_failed("deleted", self._client.delete_message_batch(QueueUrl=self.url, Entries=_named(messages)))

    def hide(self, messages: Sequence[QueuedMessage], *, for_s: int) -> None:
        """Keep messages from other readers for so long from now on; 0 shows them again at once."""
        entries = [{**entry, "VisibilityTimeout": for_s} for entry in _named(messages)]
        with _away_means_not_now():
            answer = self._client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
            self._tell_failed("hidden", answer)

    def _tell_failed(self, wish: str, answer: Mapping[str, Any]) -> None:
        for failed in answer.get("Failed", ()):
            _log.warning(f"message_not_{wish}", queue=self.name, why=failed.get("Code"))

    @cached_property
    def _client(self) -> Any:
        region = _REGION.match(self.url)
        config = Config(connect_timeout=5.0, read_timeout=30.0, retries={"mode": "standard", "total_max_attempts": 2})
        return boto3.client("sqs", region_name=region.group(1) if region else None, config=config)


def _named(messages: Sequence[QueuedMessage]) -> list[dict[str, Any]]:
    return [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)]


@contextmanager
def _away_means_not_now() -> Iterator[None]:
    try:
        yield
    except ClientError as why:
        raise NotNow(f"the queue does not serve now: {why.response.get('Error', {}).get('Code', '')}") from why
    except (HTTPClientError, QueueUnreachable, CredentialRetrievalError) as why:
        raise NotNow(f"the queue is away: {type(why).__name__}") from why
