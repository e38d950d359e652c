"""An operator settles dead letters on the page of queues, over a real Kafka: tried out, confirmed, done once."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from contracts.codec import decode
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED
from contracts.vocabulary import Stage
from dashboard.operations.settling import Wish
from dashboard.read_model import ReadModelWriter, open_engine
from ingest.dead_letter_topic import letters_in
from ingest.parking import ParkedRecord, letter_of
from ingest.publisher import Outgoing, Publisher
from tests.support.kafka_broker import KafkaBroker
from tests.support.pages import drawn, words_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def on_loopback() -> Iterator[None]:
    before = config.get_option("server.address")
    yield
    config.set_option("server.address", before)


@pytest.fixture
def letters(kafka_broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[DeadLetter]:
    """Three letters on the topic that the read model knows; of the last the message was not kept."""
    kafka_broker.ensure_every_topic()
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setenv("TELLTALE_BUCKET", str(tmp_path / "bucket"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_broker.bootstrap_servers)
    made = []
    for number in range(3):
        name = f"{uuid.uuid4().hex}-{number}"
        record = ParkedRecord.of((MEDIA_UPLOADED.name, 0, int(uuid.uuid4()) % 10**9), name.encode(), b"\xff", [])
        letter = letter_of(record, ValueError("not JSON"), stage=Stage.EXTRACT, reason="poison", media_id=name)
        made.append(letter if number < 2 else letter.model_copy(update={"value_base64": None}))
    with closing(Publisher(kafka_broker.bootstrap_servers, largest_message_bytes=2**20)) as publisher:
        publisher.publish([Outgoing(DEAD_LETTERS, letter) for letter in made])
    engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    ReadModelWriter(engine).apply(made)
    engine.dispose()
    return made


def choose(app: AppTest, letters: list[DeadLetter], wish: Wish, because: str) -> AppTest:
    app.multiselect[0].set_value([letter.dead_letter_id for letter in letters])
    app.radio(key="settling_wish").set_value(wish)
    app.text_input(key="settling_because").set_value(because)
    return app.run()


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run(timeout=60)
    assert not app.exception
    return app


def markers_of(broker: KafkaBroker, letters: list[DeadLetter]) -> list[tuple[str, str | None, str | None]]:
    ids = [letter.dead_letter_id for letter in letters]
    found = [one for one in letters_in(broker.bootstrap_servers) if one.settled and one.dead_letter_id in ids]
    return sorted((one.dead_letter_id, one.settled, one.settled_because) for one in found)


def test_letters_go_back_only_after_a_dry_run_and_a_confirmation(kafka_broker: KafkaBroker, letters: list[DeadLetter]):
    first, _, without = letters
    app = choose(drawn("queues"), [first, without], Wish.REPLAY, "mended")
    assert "settling_do" not in {button.key for button in app.button}
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        words = words_of(press(app, "settling_try"))
        assert f"would go back on {MEDIA_UPLOADED.name} as try 2" in words
        assert "would stay open: its message was too long to be kept" in words
        assert tail.read_rest() == []
        assert markers_of(kafka_broker, letters) == []
        words = words_of(press(app, "settling_do"))
        sent = tail.read_rest()
    assert "1 letter replayed" in words
    assert "stays open: its message was too long" in words
    assert [(record.key, record.value) for record in sent] == [(first.media_id.encode(), b"\xff")]
    assert markers_of(kafka_broker, letters) == [(first.dead_letter_id, "replayed", "mended (by local)")]


def test_another_wish_wants_another_dry_run_and_a_settled_letter_stays_so(
    kafka_broker: KafkaBroker, letters: list[DeadLetter]
):
    app = press(choose(drawn("queues"), letters[:2], Wish.DROP, "a test"), "settling_try")
    assert "settling_do" in {button.key for button in app.button}
    app = choose(app, letters[:1], Wish.DROP, "a test")
    assert "settling_do" not in {button.key for button in app.button}
    press(press(app, "settling_try"), "settling_do")
    markers = [(letters[0].dead_letter_id, "dropped", "a test (by local)")]
    assert markers_of(kafka_broker, letters) == markers
    # The read model has not heard of it yet, so the page still offers it.
    again = press(choose(drawn("queues"), letters[:1], Wish.REPLAY, "again"), "settling_try")
    assert "its topic has let it go already, or it is settled" in words_of(again)
    press(again, "settling_do")
    assert markers_of(kafka_broker, letters) == markers


def test_a_marker_is_a_letter_without_bytes(kafka_broker: KafkaBroker, letters: list[DeadLetter]):
    with kafka_broker.tail(DEAD_LETTERS.name) as tail:
        app = press(choose(drawn("queues"), letters[:1], Wish.DROP, "a test"), "settling_try")
        press(app, "settling_do")
        (marker,) = [decode(record.value, DeadLetter) for record in tail.read_rest()]
    assert (marker.value_base64, marker.traceback) == (None, None)
    assert marker.settled_at is not None
