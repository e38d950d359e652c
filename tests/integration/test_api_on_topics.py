"""From the topics through the read model to HTTP the numbers stay the same, and submissions go the other way."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kafka.consumer.fetcher import ConsumerRecord

from contracts.codec import decode
from contracts.messages import DeadLetter, MediaUploaded, MediaVerdict
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Lane, Lifecycle, Verdict
from dashboard import projector
from dashboard.custody.settings import CustodySettings
from dashboard.operations import settling
from ingest.publisher import Outgoing, Publisher
from tests.support.api_server import client_of, serving, settings_of
from tests.support.items import a_dead_letter, a_probability, a_result, a_track, a_verdict, an_upload
from tests.support.kafka_broker import KafkaBroker
from tests.support.read_models import Deployment

pytestmark = pytest.mark.kafka


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment.make(tmp_path / "home")


@pytest.fixture
def api(deployment: Deployment, kafka_broker: KafkaBroker) -> Iterator[httpx.Client]:
    """The API and the projector over a real Kafka."""
    kafka_broker.ensure_every_topic("telltale", "mesonet")
    servers = kafka_broker.bootstrap_servers
    settings = settings_of(deployment, kafka_bootstrap_servers=servers, detectors="telltale,mesonet")
    stop = threading.Event()
    projected = CustodySettings(home=deployment.home, kafka_bootstrap_servers=servers)
    running = threading.Thread(target=projector.run, args=(projected, stop))
    running.start()
    with (
        serving(settings, settle=lambda *asked: settling.settle(servers, *asked)) as address,
        client_of(address) as client,
    ):
        yield client
    stop.set()
    running.join(timeout=30)


def told_by(api: httpx.Client, media_id: str) -> httpx.Response:
    """The item once the projector knows its verdict."""
    pause = threading.Event()
    for _ in range(600):
        answer = api.get(f"/v1/items/{media_id}/verdict")
        if answer.status_code == 200:
            return answer
        pause.wait(0.1)
    raise TimeoutError(answer.text)


def test_numbers_are_those_of_the_topic(api: httpx.Client, kafka_broker: KafkaBroker):
    values = (0.07, 0.58123, 0.9999)
    uploads = [an_upload(f"topic {value}.mp4") for value in values]
    verdicts = [
        a_verdict(
            upload,
            Verdict.SOME_EVIDENCE,
            lifecycle=Lifecycle.FINAL,
            probability=a_probability(value),
            detectors=[a_result(calibrated=value), a_result("mesonet", calibrated=value / 3)],
            tracks=[a_track(probability=a_probability(value))],
        )
        for upload, value in zip(uploads, values, strict=True)
    ]
    publisher = Publisher(kafka_broker.bootstrap_servers, largest_message_bytes=10**6)
    with kafka_broker.tail(MEDIA_VERDICTS.name) as tail:
        publisher.publish([Outgoing(MEDIA_UPLOADED, upload) for upload in uploads])
        publisher.publish([Outgoing(MEDIA_VERDICTS, verdict) for verdict in verdicts])
        tail.read_until(lambda records: len(records) >= len(verdicts))
        on_topic = [decode(record.value, MediaVerdict) for record in tail.records]
    publisher.close()
    for event in on_topic:
        told = told_by(api, event.media_id).json()
        assert MediaVerdict.model_validate(told) == event
        summary = api.get(f"/v1/items/{event.media_id}").json()["summary"]
        assert event.probability is not None
        assert summary["probability"] == event.probability.model_dump(include={"value", "low", "high"})
    streamed = {one["event_id"]: one for one in api.get("/v1/verdicts", params={"limit": 200}).json()["events"]}
    assert {event.event_id for event in on_topic} <= streamed.keys()


def test_listed_keys_are_announced_once_with_lane_and_choice(
    api: httpx.Client, deployment: Deployment, kafka_broker: KafkaBroker
):
    deployment.bucket.write("desk/a b.jpg", deployment.picture())
    wish = {"keys": ["desk/a b.jpg", "gone.jpg"], "lane": "interactive", "detectors": ["mesonet"]}
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        first = api.post("/v1/submissions/keys", json=wish).raise_for_status().json()
        again = api.post("/v1/submissions/keys", json=wish).json()
        uploads = [decode(record.value, MediaUploaded) for record in tail.read_rest()]
    assert [one["outcome"] for one in first] == ["announced", "missing"]
    assert [one["outcome"] for one in again] == ["known", "missing"]
    mine = [upload for upload in uploads if upload.media_id == first[0]["media_id"]]
    assert [(upload.key, upload.lane, upload.detectors) for upload in mine] == [
        ("desk/a b.jpg", Lane.INTERACTIVE, ("mesonet",))
    ]


def test_a_letter_is_dropped_for_good(api: httpx.Client, kafka_broker: KafkaBroker):
    letter = a_dead_letter(an_upload("to be dropped.mp4"))
    publisher = Publisher(kafka_broker.bootstrap_servers, largest_message_bytes=10**6)
    publisher.publish([Outgoing(DEAD_LETTERS, letter)])
    publisher.close()
    path = f"/v1/dead-letters/{letter.dead_letter_id}"
    pause = threading.Event()
    while api.get(path).status_code == 404:
        pause.wait(0.1)
    unsaid = api.post(f"{path}/replay", json={"because": "try"})
    assert (unsaid.status_code, unsaid.json()["type"]) == (409, "urn:telltale:problem:left-open")
    with kafka_broker.tail(DEAD_LETTERS.name) as tail:
        api.post(f"{path}/drop", json={"because": "a test"}).raise_for_status()
        tail.read_until(lambda records: bool(_about(letter, records)))
    (marker,) = _about(letter, tail.records)
    assert (marker.settled, marker.settled_because) == ("dropped", "a test (by local)")
    while api.get(path).json()["settled"] is None:
        pause.wait(0.1)
    settled = api.get("/v1/dead-letters", params={"state": "settled"}).json()["dead_letters"]
    mine = [one["settled"] for one in settled if one["dead_letter_id"] == letter.dead_letter_id]
    assert mine == ["dropped"]


def _about(letter: DeadLetter, records: list[ConsumerRecord]) -> list[DeadLetter]:
    """What the records say of this letter; those of other tests lie on the same topic."""
    found = [decode(record.value, DeadLetter) for record in records]
    return [one for one in found if one.dead_letter_id == letter.dead_letter_id]
