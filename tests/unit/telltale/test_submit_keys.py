"""Each listed object is announced once in the bulk lane; what is missing is told, and a second try goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import NotNow
from contracts.messages import MediaUploaded
from contracts.vocabulary import Lane
from ingest.announcer import Announcer
from ingest.identity import media_id_of
from ingest.key_announcing import Outcome, Submitted, submit
from ingest.ledger import Ledger
from telltale import run_state
from telltale.errors import CommandFailed
from telltale.run_state import RunState
from telltale.submit import run
from telltale.submit_keys import _deployment
from tests.support.fake_kafka import FakePublisher
from tests.support.fake_store import FakeStore


class Setup:
    """A bucket with some objects, a ledger, and a Kafka that can be away."""

    def __init__(self, ledger: Ledger) -> None:
        self.store, self.publisher, self._ledger = FakeStore(), FakePublisher(), ledger
        self._announcer = Announcer(self.store, ledger, self.publisher, own_prefix="work/", lane=Lane.BULK)

    def submit(self, *keys: str) -> dict[str, Outcome]:
        return {one.key: one.outcome for one in self.told(*keys)}

    def told(self, *keys: str) -> Iterator[Submitted]:
        return submit(keys, self.store, self._ledger, self._announcer)

    def announced(self) -> list[MediaUploaded]:
        return [one.message for one in self.publisher.published if isinstance(one.message, MediaUploaded)]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Setup]:
    with Ledger.open(tmp_path / "ledger") as ledger:
        setup = Setup(ledger)
        for key in ("a b.mp4", "c.mp4", "work/bundle"):
            setup.store.write(key, b"1")
        yield setup


def test_every_key_is_told_what_became_of_it(on: Setup):
    told = on.submit("a b.mp4", "gone.mp4", "../up.mp4", "/absolute.mp4", "work/bundle", "c.mp4")
    refused = dict.fromkeys(("../up.mp4", "/absolute.mp4", "work/bundle"), Outcome.REFUSED)
    assert told == refused | {"a b.mp4": "announced", "gone.mp4": "missing", "c.mp4": "announced"}
    assert [(one.key, one.lane) for one in on.announced()] == [("a b.mp4", "bulk"), ("c.mp4", "bulk")]


def test_the_identity_is_that_of_an_upload_by_any_other_way(on: Setup):
    (one,) = on.told("c.mp4")
    assert one.media_id == media_id_of("incoming", "c.mp4", on.store.stat("c.mp4").version)
    assert [upload.media_id for upload in on.announced()] == [one.media_id]


def test_a_key_is_announced_once_within_and_across_lists(on: Setup):
    assert [one.outcome for one in on.told("c.mp4", "c.mp4")] == ["announced", "known"]
    assert on.submit("c.mp4", "a b.mp4") == {"c.mp4": "known", "a b.mp4": "announced"}
    assert len(on.announced()) == 2


def test_after_an_outage_the_same_list_goes_on(on: Setup):
    for number in range(1200):
        on.store.write(f"{number}.mp4", b"1")
    keys = [f"{number}.mp4" for number in range(1200)]
    told = on.told(*keys)
    for _ in range(500):
        assert next(told).outcome is Outcome.ANNOUNCED
    on.store.is_away = True
    with pytest.raises(NotNow):
        list(told)
    on.store.is_away = False
    outcomes = list(on.submit(*keys).values())
    assert (outcomes.count(Outcome.KNOWN), outcomes.count(Outcome.ANNOUNCED)) == (500, 700)
    assert len(on.announced()) == 1200


def test_only_the_watched_bucket_can_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("TELLTALE_BUCKET", "s3://incoming")
    kafka, store = _deployment(tmp_path, None)
    assert (str(kafka), store.url) == ("127.0.0.1:1", "s3://incoming")
    with pytest.raises(CommandFailed, match="watched bucket is s3://incoming, not s3://other"):
        _deployment(tmp_path, "s3://other")


def test_without_a_deployment_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    run_state.write(tmp_path, RunState(home=str(tmp_path), bucket="s3://incoming"))
    with pytest.raises(CommandFailed, match="Nothing runs in"):
        _deployment(tmp_path, "s3://incoming")


@pytest.mark.parametrize(
    "given",
    [
        {"paths": []},
        {"paths": ["a.mp4"], "keys": "-"},
        {"paths": ["a.mp4"], "bucket": "s3://incoming"},
        {"paths": [], "keys": "-", "wait": True},
    ],
)
def test_files_and_keys_do_not_mix(tmp_path: Path, given: dict):
    with pytest.raises(CommandFailed, match="either files, or --keys"):
        run(**{"home": tmp_path, "wait": False, "as_json": False, "timeout_s": 1.0, **given})
