"""A list of keys typed into the page: each is announced on Kafka once, with the turn and detectors that were chosen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from contracts.codec import decode
from contracts.messages import MediaUploaded
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from tests.support.dashboard_server import a_dashboard
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.read_models import Deployment

pytestmark = [pytest.mark.browser, pytest.mark.kafka, pytest.mark.timeout(300)]
KEYS = ("listed/a b.jpg", "listed/Röntgen #7.jpg")


@pytest.fixture
def submit(page: Page, deployment: Deployment, kafka_broker: KafkaBroker) -> Iterator[Page]:
    """The page of a deployment that asks two detectors and has a Kafka."""
    kafka_broker.ensure_every_topic("telltale", "mesonet")
    more = {"KAFKA_BOOTSTRAP_SERVERS": kafka_broker.bootstrap_servers, "TELLTALE_DETECTORS": "telltale,mesonet"}
    with a_dashboard(deployment, **more) as address:
        page.goto(f"{address}/submit")
        yield page


def announce(page: Page, keys: str) -> None:
    page.get_by_role("tab", name="Name files in the bucket").click()
    page.get_by_label("Keys of files that lie in").fill(keys)
    page.get_by_role("button", name="Announce them").click()


def announced_in(tail: Tail, keys: tuple[str, ...]) -> list[MediaUploaded]:
    every = [decode(record.value, MediaUploaded) for record in tail.records]
    return [upload for upload in every if upload.key in keys]


def test_listed_keys_are_announced_once_each_with_lane_and_detectors(
    submit: Page, deployment: Deployment, kafka_broker: KafkaBroker
):
    for key in KEYS:
        deployment.bucket.write(key, deployment.picture())
    main = submit.get_by_test_id("stMain")
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        submit.get_by_role("button", name="Remove telltale").click()
        submit.get_by_text("In bulk, behind what people wait for").click()
        announce(submit, "\n".join([*KEYS, KEYS[0], "listed/gone.jpg"]))
        sent = main.locator("p", has=submit.locator("strong"))
        expect(sent).to_contain_text([re.compile(r"Röntgen #7.jpg\sannounced$"), re.compile(r"a b.jpg\sannounced$")])
        expect(main.get_by_text("listed/gone.jpg: not in the bucket")).to_be_visible()
        tail.read_until(lambda _: len(announced_in(tail, KEYS)) >= len(KEYS))
        announce(submit, KEYS[0])
        expect(sent.first).to_contain_text("known already, not judged again")
        expect(sent).to_have_count(3)
        tail.read_rest()
        told = announced_in(tail, KEYS)
    assert sorted(upload.key for upload in told) == sorted(KEYS)
    assert {(upload.lane, upload.detectors) for upload in told} == {(Lane.BULK, ("mesonet",))}
    assert {upload.media_id for upload in told} == {deployment.announced(key).media_id for key in KEYS}
    for upload in told:
        deployment.tell(upload)
    expect(main.get_by_role("button", name="Open item")).to_have_count(3)
