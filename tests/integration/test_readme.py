"""The subscriber that the README shows reads a real verdict from a real topic."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaProducer

from contracts.topics import MEDIA_VERDICTS
from tests.support.kafka_broker import KafkaBroker
from tests.support.parts import ROOT

pytestmark = pytest.mark.kafka


def the_subscriber() -> str:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


def test_the_subscriber_of_the_readme_prints_final_verdicts(kafka_broker: KafkaBroker, tmp_path: Path):
    kafka_broker.ensure_topics(MEDIA_VERDICTS.name)
    example = (ROOT / "contracts" / "examples" / f"{MEDIA_VERDICTS.carries.SCHEMA}.json").read_bytes()
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    producer.send(MEDIA_VERDICTS.name, value=example, key=b"4f1c")
    producer.close()
    program = tmp_path / "subscriber.py"
    program.write_text(the_subscriber().replace("127.0.0.1:9092", kafka_broker.bootstrap_servers))
    child = subprocess.Popen([sys.executable, "-u", str(program)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        wanted = "interview+ümlaut.mp4 likely_manipulated []"
        assert any(line.strip().endswith(wanted) for line in child.stdout)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
