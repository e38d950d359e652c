"""A real Kafka that asks who may do what: each part works as its own user, and no part can do another's work."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import GroupAuthorizationFailedError, KafkaTimeoutError, TopicAuthorizationFailedError
from kafka.structs import OffsetAndMetadata, TopicPartition
from PIL import Image
from skimage import data

from contracts.security import KafkaSettings
from contracts.settings import DashboardSettings, TopicSettings
from contracts.topics import DETECTOR_SCORES, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Lifecycle
from dashboard.custody.deletion_on_topics import Topics, tell_topics
from dashboard.operations.subscribers import subscriber_lags
from dashboard.read_model import open_engine, url_of
from dashboard.recent_answers import latest_verdicts
from ingest.kafka_login import KafkaAddress, address_of, client_arguments
from telltale.child_process import start_child, stop_child
from telltale.kafka_permissions import NoAccessRules, Permissions, apply, permissions_of, rules_of
from tests.support.bridge_process import BridgeProcess
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker
from tests.support.parts import ROOT
from tests.support.secure_kafka import SecureKafka
from tests.support.stages import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]
DETECTOR = "mesonet"
PARTS = permissions_of(TopicSettings(detectors=DETECTOR))
STAGES = ("extract", "detect", "aggregate")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Its rules were made by the command, its topics by the user who may do that and nothing else."""
    users = [user_of(part) for part in PARTS]
    with SecureKafka(tmp_path_factory.mktemp("kafka"), secret="planted-Passw0rd", users=users) as running:
        do(running.environment(), "telltale", "kafka-acls", "--apply", "--detectors", DETECTOR)
        setup = running.environment("telltale-setup", TELLTALE_DETECTORS=DETECTOR, TELLTALE_TOPIC_PARTITIONS="1")
        do(setup, "stream_processors", "create-topics")
        yield running


def user_of(part: Permissions) -> str:
    return f"telltale-{part.part}"


def do(environment: dict[str, str], *command: str) -> str:
    argv = [sys.executable, "-m", *command]
    done = subprocess.run(argv, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def address(kafka: SecureKafka, user: str) -> KafkaAddress:
    named = {name.removeprefix("TELLTALE_").lower(): value for name, value in kafka.environment(user).items()}
    return address_of(KafkaSettings(**named))  # type: ignore[arg-type]


def test_an_upload_becomes_a_verdict_though_each_part_may_do_its_own_work_only(kafka: SecureKafka, tmp_path: Path):
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    common = {
        "TELLTALE_HOME": str(tmp_path),
        "TELLTALE_BUCKET": str(bucket),
        "TELLTALE_WORK_BUCKET": str(tmp_path / "work"),
        "TELLTALE_DETECTORS": DETECTOR,
        "TELLTALE_ALLOW_UNTRAINED": "1",
        "TELLTALE_REMINDER_INTERVAL_S": "0.5",
    }
    environment = {part.part: kafka.environment(user_of(part), **common) for part in PARTS}
    with ExitStack() as running:
        for name in STAGES:
            stage = Stage(name, os.environ | environment[name], tmp_path / f"{name}.log")
            running.callback(stage.stop)
            stage.start()
        projector = start_child(
            [sys.executable, "-m", "dashboard"],
            env=os.environ | environment["project"],
            log=tmp_path / "project.log",
            cwd=ROOT,
        )
        running.callback(stop_child, projector, grace_s=30.0)
        as_ingest = {name: value for name, value in environment["ingest"].items() if name not in _OF_THE_BRIDGE}
        bridge = BridgeProcess(tmp_path, bucket=str(bucket), kafka=kafka.password, **as_ingest)
        with bridge:
            bridge.start()
            (bucket / "face.png").write_bytes(a_face())
            engine = open_engine(url_of(DashboardSettings(home=tmp_path)))
            running.callback(engine.dispose)
            wait_until(lambda: bool(latest_verdicts(engine, limit=1)), timeout_s=200.0)
    (verdict,) = latest_verdicts(engine, limit=5)
    assert verdict.lifecycle is Lifecycle.FINAL
    assert [result.name for result in verdict.detectors] == [DETECTOR]
    assert verdict.tracks


_OF_THE_BRIDGE = ("KAFKA_BOOTSTRAP_SERVERS", "TELLTALE_HOME", "TELLTALE_BUCKET", "TELLTALE_WORK_BUCKET")


def a_face() -> bytes:
    picture = io.BytesIO()
    Image.fromarray(data.astronaut()[..., :3]).save(picture, "PNG")
    return picture.getvalue()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.part)
def test_the_broker_lets_each_part_do_its_work_and_no_other(kafka: SecureKafka, part: Permissions):
    """By the broker's own word; topics that a user may do nothing with are hidden from it."""
    with closing(KafkaAdminClient(**client_arguments(address(kafka, user_of(part))))) as admin:
        may = {(topic["name"], one) for topic in admin.describe_topics() for one in topic["authorized_operations"]}
    wanted = {("READ", name) for name in part.reads} | {("WRITE", name) for name in part.writes}
    wanted |= {(one, name) for name in part.makes for one in ("CREATE", "DESCRIBE_CONFIGS")}
    wanted |= {("DESCRIBE_CONFIGS", name) for name in part.looks_into}
    wanted |= {("DESCRIBE", name) for _, name in wanted}
    assert {(one, name) for name, one in may} == wanted


def test_a_detector_cannot_give_a_verdict(kafka: SecureKafka):
    named = client_arguments(address(kafka, "telltale-detect"))
    with closing(KafkaProducer(**named, max_block_ms=5_000)) as producer:
        producer.send(DETECTOR_SCORES.name, key=b"k", value=b"{").get(timeout=30)
        with pytest.raises((TopicAuthorizationFailedError, KafkaTimeoutError)):
            producer.send(MEDIA_VERDICTS.name, key=b"k", value=b"{").get(timeout=30)
    verdicts = TopicPartition(MEDIA_VERDICTS.name, 0)
    with closing(KafkaConsumer(**client_arguments(address(kafka, "telltale-subscriber")))) as consumer:
        # The upload's verdicts may be there, depending on the order of the tests; a forged one is not.
        consumer.assign([verdicts])
        consumer.seek_to_beginning()
        seen = []
        while (consumer.position(verdicts) or 0) < consumer.end_offsets([verdicts])[verdicts]:
            seen += [record.value for some in consumer.poll(500).values() for record in some]
    assert b"{" not in seen


def test_an_operator_may_leave_the_tombstone_of_a_deletion(kafka: SecureKafka):
    told = tell_topics(lambda: address(kafka, "telltale-operator"), "0" * 32)
    assert told.outcome is Topics.TOMBSTONE, told.left
    assert tell_topics(lambda: address(kafka, "telltale-subscriber"), "0" * 32).outcome is Topics.NOT_REACHED


def test_a_subscriber_cannot_take_the_place_of_a_stage(kafka: SecureKafka):
    named = client_arguments(address(kafka, "telltale-subscriber"))
    with (
        closing(KafkaConsumer(MEDIA_VERDICTS.name, **named, group_id="telltale.project")) as consumer,
        pytest.raises(GroupAuthorizationFailedError),
    ):
        wait_until(lambda: bool(consumer.poll(timeout_ms=500)), timeout_s=30.0)


def test_the_projector_sees_how_far_others_have_read_and_cannot_read_as_one_of_them(kafka: SecureKafka):
    place = {TopicPartition(MEDIA_VERDICTS.name, 0): OffsetAndMetadata(0, "", -1)}
    desk = "subscriber.desk"
    with closing(KafkaConsumer(**client_arguments(address(kafka, "telltale-subscriber")), group_id=desk)) as consumer:
        consumer.commit(place)
    as_project = address(kafka, "telltale-project")
    assert desk in subscriber_lags(as_project)
    with (
        closing(KafkaConsumer(**client_arguments(as_project), group_id=desk)) as consumer,
        pytest.raises(GroupAuthorizationFailedError),
    ):
        consumer.commit(place)


def test_a_cluster_that_asks_nobody_is_named(kafka_broker: KafkaBroker):
    with pytest.raises(NoAccessRules, match="has no authorizer"):
        apply(KafkaAddress(kafka_broker.bootstrap_servers), list(rules_of(PARTS[0], user_of(PARTS[0]))))


def test_rules_are_printed_and_each_role_stands_for_itself():
    lines = do({}, "telltale", "kafka-acls", "detect", "--detectors", DETECTOR, "--json").splitlines()
    rules = [json.loads(line) for line in lines]
    assert {rule["principal"] for rule in rules} == {"User:telltale-detect"}
    written = {rule["resource_name"] for rule in rules if rule["operation"] == "WRITE"}
    assert DETECTOR_SCORES.name in written
    assert not written & {MEDIA_UPLOADED.name, MEDIA_VERDICTS.name}
