"""A folder in; a real S3 server (versitygw) on a free port out, with native notifications to Kafka if asked for."""

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.parts import VERSITYGW

_ACCESS = "telltale-test"
_SECRET = "telltale-test-secret"
_START_TIMEOUT_S = 20.0


class S3Server:
    """versitygw over a folder; ``events_to`` is (bootstrap servers, topic), and the topic must exist already."""

    def __init__(self, folder: Path, *, events_to: tuple[str, str] | None = None) -> None:
        self._folder = folder
        self._events_to = events_to
        self._log = folder.with_name(f"{folder.name}.log")
        self._child: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def events_topic(self) -> str:
        if self._events_to is None:
            raise RuntimeError("this server writes no events")
        return self._events_to[1]

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which boto3 finds this server and may use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _ACCESS,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=_ACCESS,
            aws_secret_access_key=_SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )

    def point_boto3_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def make_bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return f"s3://{name}"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        argv = [str(VERSITYGW), "--quiet", "--port", f"127.0.0.1:{self.port}", *self._event_options()]
        secrets = {"ROOT_ACCESS_KEY_ID": _ACCESS, "ROOT_SECRET_ACCESS_KEY": _SECRET}
        self._child = start_child([*argv, "posix", str(self._folder)], env=os.environ | secrets, log=self._log)
        self._wait(self._child)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, grace_s=5.0)
            self._child = None

    def __enter__(self) -> "S3Server":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _event_options(self) -> list[str]:
        if self._events_to is None:
            return []
        bootstrap_servers, topic = self._events_to
        return ["--event-kafka-url", bootstrap_servers, "--event-kafka-topic", topic]

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + _START_TIMEOUT_S
        while not _answers(self.endpoint):
            if child.poll() is not None or time.monotonic() > give_up:
                self.stop()
                raise RuntimeError(f"versitygw did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)


def _answers(endpoint: str) -> bool:
    try:
        httpx.get(endpoint, timeout=2.0)
    except httpx.TransportError:
        return False
    return True
