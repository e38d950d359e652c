"""Whatever way an upload is told by, and however often, it is announced once under one identity."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.announcer import Announcer
from ingest.bucket_listing import BucketListing
from ingest.dialects import DIALECTS
from ingest.identity import media_id_of
from ingest.ledger import Ledger
from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store
from ingest.sightings import Sightings
from tests.support.fake_kafka import FakePublisher
from tests.support.fake_store import FakeStore

KEY = "desk/tip line/50%+ä b.mp4"
EVERY_FORM = [
    json.loads(file.read_text())
    for file in sorted((Path(__file__).parents[2] / "data" / "notifications").glob("*.json"))
]
FORMS = [form for form in EVERY_FORM if [(e["happening"], e["key"]) for e in form["expected"]] == [("created", KEY)]]


class Setup:
    """A bucket that holds the object of which every documented form speaks."""

    def __init__(self, ledger: Ledger) -> None:
        self.fake, self.publisher = FakeStore(), FakePublisher()
        self.fake.write(KEY, b"1")
        self.store = cast(S3Store, self.fake)
        self.announcer = Announcer(self.fake, ledger, self.publisher, own_prefix=None)

    def hear(self, form: dict[str, Any]) -> None:
        written = form.get("message_base64")
        raw = base64.b64decode(written) if written else json.dumps(form["message"]).encode()
        sightings = Sightings(self.store, DIALECTS[form["dialect"]])
        self.announcer.announce(sightings.of(raw, record_key=form.get("record_key", "").encode()))


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Setup]:
    with Ledger.open(tmp_path / "ledger") as ledger:
        yield Setup(ledger)


def test_every_form_and_a_listing_tell_of_one_item(on: Setup):
    assert {form["dialect"] for form in FORMS} == set(DIALECTS)
    for form in FORMS * 2:
        on.hear(form)
    BucketListing(on.store, on.announcer.announce, interval_s=1.0).go_on()
    (outgoing,) = on.publisher.published
    assert outgoing.message.media_id == media_id_of("incoming", KEY, on.fake.stat(KEY).version)


def test_each_form_alone_is_enough(tmp_path: Path):
    for number, form in enumerate(FORMS):
        with Ledger.open(tmp_path / str(number)) as ledger:
            setup = Setup(ledger)
            setup.hear(form)
            assert len(setup.publisher.published) == 1, form


def test_a_file_that_a_gateway_knows_nothing_of_is_left_alone_until_it_is_old_enough():
    now = datetime.now(UTC)
    growing = StoredObject("growing.mp4", 1, "modified-1-1", now)
    whole = StoredObject("whole.mp4", 1, "an etag", now)
    rested = StoredObject("rested.mp4", 1, "modified-1-1", datetime(2026, 11, 1, tzinfo=UTC))
    told: list[str] = []

    class Listed(FakeStore):
        def list(self, prefix: str = "") -> Iterator[StoredObject]:
            yield from (growing, whole, rested)

    def announce(seen: Any) -> int:
        told.extend(found.key for found in seen)
        return len(seen)

    BucketListing(cast(S3Store, Listed()), announce, interval_s=1.0, settle_s=3600.0).go_on()
    assert told == ["whole.mp4", "rested.mp4"]
