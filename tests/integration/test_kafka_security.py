"""A real Kafka with TLS and passwords: whoever has them works, whoever has not is told why and gives nothing away."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.structs import TopicPartition
from pydantic import SecretStr

from contracts.codec import decode
from contracts.errors import LoginRefused
from contracts.messages import ExpectedClips, MediaUploaded, MediaVerdict
from contracts.security import KafkaSettings
from contracts.settings import TopicSettings
from contracts.topics import MEDIA_EXTRACTED, MEDIA_UPLOADED
from contracts.vocabulary import Lifecycle
from ingest.kafka_login import KafkaAddress, address_of, client_arguments, knock
from ingest.publisher import Outgoing, Publisher
from stream_processors.create_topics import create_topics
from telltale.errors import CommandFailed
from telltale.verdict_feed import News, VerdictFeed
from tests.support.children import wait_until
from tests.support.items import an_extraction, an_upload
from tests.support.parts import ROOT
from tests.support.secure_kafka import USER, Authority, SecureKafka
from tests.support.stages import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
SECRET = "planted-Kafka-passw0rd"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Topics are made on it through the door with the password."""
    with SecureKafka(tmp_path_factory.mktemp("secure-kafka"), secret=SECRET) as running:
        create_topics(TopicSettings(**settings_of(running), topic_partitions=1, detectors="mesonet"))
        yield running


def settings_of(kafka: SecureKafka) -> dict[str, str]:
    return {name.removeprefix("TELLTALE_").lower(): value for name, value in kafka.environment().items()}


def by_password(kafka: SecureKafka) -> KafkaAddress:
    return address_of(KafkaSettings(**settings_of(kafka)))  # type: ignore[arg-type]


def by_certificate(kafka: SecureKafka) -> KafkaAddress:
    certificate, key = kafka.authority.issue("client")
    return KafkaAddress(kafka.mutual, "SSL", ca_file=kafka.authority.file, certificate_file=certificate, key_file=key)


def by_file(kafka: SecureKafka, folder: Path) -> KafkaAddress:
    file = folder / "kafka-password"
    file.write_text(f"{SECRET}\n")
    named = {**settings_of(kafka), "kafka_password_file": str(file)}
    del named["kafka_password"]
    return address_of(KafkaSettings(**named))  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "file", "certificate"])
def test_whoever_is_let_in_makes_topics_writes_and_reads(kafka: SecureKafka, tmp_path: Path, way: str):
    ways = {"file": lambda: by_file(kafka, tmp_path), "certificate": lambda: by_certificate(kafka)}
    address = ways[way]() if way in ways else replace(by_password(kafka), mechanism=way)  # type: ignore[arg-type]
    knock(address)
    with closing(KafkaAdminClient(**client_arguments(address))) as admin:
        assert MEDIA_UPLOADED.name in admin.list_topics()
    sent = an_upload(f"by {way}.mp4")
    with closing(Publisher(address, largest_message_bytes=2**20)) as publisher:
        publisher.publish([Outgoing(MEDIA_UPLOADED, sent)])
    assert sent in written_to(address, MEDIA_UPLOADED.name)


def written_to(address: KafkaAddress, topic: str) -> list[MediaUploaded]:
    place = TopicPartition(topic, 0)
    with closing(KafkaConsumer(**client_arguments(address), enable_auto_commit=False)) as consumer:
        consumer.assign([place])
        consumer.seek_to_beginning()
        end, found = consumer.end_offsets([place])[place], []
        while (consumer.position(place) or 0) < end:
            found += [decode(one.value, MediaUploaded) for some in consumer.poll(500).values() for one in some]
    return found


def test_a_faust_stage_with_tables_judges_through_it(kafka: SecureKafka, tmp_path: Path):
    env = os.environ | kafka.environment(TELLTALE_HOME=str(tmp_path), TELLTALE_DETECTORS="mesonet")
    env |= {"TELLTALE_ALLOW_UNTRAINED": "1", "TELLTALE_REMINDER_INTERVAL_S": "0.5"}
    stage = Stage("aggregate", env, tmp_path / "aggregate.log")
    faceless = an_extraction(an_upload("faceless.mp4"), complete=True, tracks=0).model_copy(
        update={"expected": {"mesonet": ExpectedClips(batches=0, clips=0)}, "chunks": 0}
    )
    publisher = Publisher(by_password(kafka), largest_message_bytes=2**20)
    with VerdictFeed(by_password(kafka)) as feed, closing(publisher):
        stage.start()
        try:
            stage.wait_ready()
            publisher.publish([Outgoing(MEDIA_EXTRACTED, faceless)])
            (verdict,) = next_news(feed)
        finally:
            assert stage.stop() == 0
    assert isinstance(verdict, MediaVerdict)
    assert (verdict.media_id, verdict.lifecycle) == (faceless.media_id, Lifecycle.FINAL)
    assert SECRET not in (tmp_path / "aggregate.log").read_text()


def next_news(feed: VerdictFeed) -> list[News]:
    news: list[News] = []
    wait_until(lambda: bool(news.extend(feed.poll()) or news), timeout_s=60.0)
    return news


def refused(kafka: SecureKafka, tmp_path: Path) -> dict[str, tuple[KafkaAddress, str]]:
    """Ways that must not work, with what the error has to say."""
    right, strange = by_password(kafka), Authority(tmp_path / "strange", "strange")
    certificate, key = strange.issue("client")
    return {
        "wrong password": (replace(right, password=SecretStr(f"not-{SECRET}")), f"does not let the user {USER} in"),
        "wrong password, PLAIN": (
            replace(right, mechanism="PLAIN", password=SecretStr(f"not-{SECRET}")),
            f"does not let the user {USER} in",
        ),
        "unknown user": (replace(right, username="somebody"), "does not let the user somebody in"),
        "unknown authority": (replace(right, ca_file=strange.file), "not trusted, so nothing is sent"),
        "the system's authorities": (replace(right, ca_file=None), "not trusted, so nothing is sent"),
        "no TLS": (KafkaAddress(kafka.password), "takes TLS only"),
        "no TLS, wants a certificate": (KafkaAddress(kafka.mutual), "takes TLS only"),
        "no certificate": (replace(by_certificate(kafka), certificate_file=None, key_file=None), "want a certificate"),
        "a stranger's certificate": (
            replace(by_certificate(kafka), certificate_file=certificate, key_file=key),
            "it may not know who signed our certificate",
        ),
        "TLS without a login": (KafkaAddress(kafka.password, "SSL", ca_file=kafka.authority.file), "want a password"),
        "a server without TLS": (replace(right, servers=kafka.open), "has no TLS, so nothing is sent"),
    }


def test_whoever_is_not_let_in_is_told_why(kafka: SecureKafka, tmp_path: Path):
    for name, (address, words) in refused(kafka, tmp_path).items():
        with pytest.raises(LoginRefused) as why:
            knock(address)
        assert words in str(why.value), name
        assert SECRET not in str(why.value), name
        assert SECRET not in repr(address), name


def test_the_name_in_the_certificate_counts(kafka: SecureKafka, monkeypatch: pytest.MonkeyPatch):
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: look_up("127.0.0.1", *more, **named))
    port = kafka.password.rpartition(":")[2]
    knock(replace(by_password(kafka), servers=f"localhost:{port}"))
    with pytest.raises(LoginRefused, match="not trusted, so nothing is sent: Hostname mismatch"):
        knock(replace(by_password(kafka), servers=f"kafka.example:{port}"))


@pytest.mark.parametrize("name", ["wrong password", "unknown authority", "no TLS"])
def test_every_client_names_the_refusal(kafka: SecureKafka, tmp_path: Path, name: str):
    address, words = refused(kafka, tmp_path)[name]
    with (
        closing(Publisher(address, largest_message_bytes=2**20)) as publisher,
        pytest.raises(LoginRefused, match=words),
    ):
        publisher.publish([Outgoing(MEDIA_UPLOADED, an_upload())])
    with pytest.raises(CommandFailed, match=words):
        VerdictFeed(address)


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "stream_processors", "extract"],
        ["-m", "ingest"],
        ["-m", "dashboard"],
        ["-m", "telltale", "dead-letters", "list"],
    ],
    ids=lambda command: " ".join(command[1:]),
)
def test_every_process_ends_with_one_readable_line(kafka: SecureKafka, tmp_path: Path, command: list[str]):
    env = os.environ | kafka.environment(TELLTALE_KAFKA_PASSWORD=f"not-{SECRET}", TELLTALE_HOME=str(tmp_path))
    ended = subprocess.run(
        [sys.executable, *command], env=env, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    assert f"does not let the user {USER} in" in " ".join(said.split())
    assert "Traceback" not in said
    assert SECRET not in said
