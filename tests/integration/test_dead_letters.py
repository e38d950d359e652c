"""Dead letters on a real Kafka: listed, put back as they were, given up with a reason, and then open no more."""

import base64
import json
import os
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contracts.codec import decode
from contracts.messages import DeadLetter, MediaUploaded
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED
from contracts.vocabulary import Stage
from dashboard.read_model import ReadModelWriter, open_engine
from ingest.object_stores.folder import FolderStore
from ingest.parking import ParkedRecord, letter_of
from ingest.publisher import Outgoing, Publisher
from tests.support.kafka_broker import KafkaBroker
from tests.support.parts import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


class Operator:
    """Runs commands against one broker."""

    def __init__(self, broker: KafkaBroker, home: Path) -> None:
        self._env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "TELLTALE_HOME": str(home)}

    def run(self, *arguments: str) -> list[dict[str, Any]]:
        argv = [sys.executable, "-m", "telltale", *arguments, "--json"]
        done = subprocess.run(argv, cwd=ROOT, env=self._env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def operator(kafka_broker: KafkaBroker, tmp_path: Path) -> Operator:
    kafka_broker.ensure_every_topic()
    return Operator(kafka_broker, tmp_path)


@pytest.fixture
def reason() -> str:
    """The broker is shared: the letters of a test are those with its own reason."""
    return f"poison_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def letters(kafka_broker: KafkaBroker, operator: Operator, reason: str) -> list[DeadLetter]:
    made = []
    for number in range(3):
        headers = [("traceparent", b"00-ab"), ("raw", b"\xff")]
        place = (MEDIA_UPLOADED.name, 0, 10_000 + number)
        record = ParkedRecord.of(place, f"{reason}-{number}".encode(), b"\xff not a message", headers)
        why = ValueError("not JSON")
        made.append(letter_of(record, why, stage=Stage.EXTRACT, reason=reason, media_id=f"{reason}-{number}"))
    with closing(Publisher(kafka_broker.bootstrap_servers, largest_message_bytes=2**20)) as publisher:
        publisher.publish([Outgoing(DEAD_LETTERS, letter) for letter in made])
    return made


def test_a_letter_goes_back_once_and_is_open_no_more(
    kafka_broker: KafkaBroker, operator: Operator, letters: list[DeadLetter], reason: str
):
    first, second, third = letters
    listed = operator.run("dead-letters", "list", "--reason", reason)
    assert [one["dead_letter_id"] for one in listed] == [one.dead_letter_id for one in letters]

    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        planned = operator.run("dead-letters", "replay", "--reason", reason, "--limit", "1", "--dry-run")
        assert [(one["dead_letter_id"], one["dry_run"]) for one in planned] == [(first.dead_letter_id, True)]
        assert tail.read_rest() == []
        operator.run("dead-letters", "replay", "--key", first.media_id, "--rate", "50", "--because", "mended")
        tail.read_until(lambda records: len(records) >= 1)
        assert operator.run("dead-letters", "replay", first.dead_letter_id) == []
        (record,) = tail.read_rest()
    assert (record.key, record.value) == (first.media_id.encode(), b"\xff not a message")
    assert sorted(record.headers) == [("raw", b"\xff"), ("telltale-attempt", b"2"), ("traceparent", b"00-ab")]

    operator.run("dead-letters", "drop", second.dead_letter_id[:12], "--because", "a test file")
    still = operator.run("dead-letters", "list", "--reason", reason)
    assert [one["dead_letter_id"] for one in still] == [third.dead_letter_id]
    every = operator.run("dead-letters", "list", "--reason", reason, "--settled")
    assert [(one["state"], one.get("settled_because")) for one in every] == [
        ("replayed", "mended"),
        ("dropped", "a test file"),
        ("open", None),
    ]
    (shown,) = operator.run("dead-letters", "show", second.dead_letter_id)
    assert base64.b64decode(shown["value_base64"]) == b"\xff not a message"
    assert "ValueError" in shown["traceback"]


def test_reconcile_announces_what_is_missing_and_a_second_run_nothing(
    kafka_broker: KafkaBroker, operator: Operator, tmp_path: Path
):
    store = FolderStore.make(tmp_path / "bucket")
    for number in range(5):
        store.write(f"{number}.mp4", b"bytes")
    engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    wish = ("reconcile", "--bucket", str(store.root), "--younger", "0")
    assert operator.run(*wish)[-1]["missing"] == 5
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        assert operator.run(*wish, "--emit")[-1]["emitted"] == 5
        tail.read_until(lambda records: len(records) >= 5)
        ReadModelWriter(engine).apply([decode(record.value, MediaUploaded) for record in tail.records])
    assert [one for one in operator.run(*wish, "--emit") if "gap" in one] == []
    store.delete("0.mp4")
    assert operator.run(*wish)[0]["gap"] == "vanished"
    engine.dispose()
