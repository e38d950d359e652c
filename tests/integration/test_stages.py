"""The stages on a real Kafka: one final verdict for each item, through kills, poison, duplicates and restarts."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.codec import decode
from contracts.messages import DeadLetter, MediaVerdict
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED, MEDIA_VERDICTS, crops_for
from contracts.vocabulary import DetectorStatus, Lifecycle, Reason, Stage, Verdict
from stream_processors.create_topics import ITEMS_TABLE, PARTS_TABLE, changelog_of
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.short_clips import a_face_clip, a_picture
from tests.support.stages import Stages

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
# Untrained weights are seeded: the same on every machine, and loaded without a fetch.
SETTINGS = {
    "TELLTALE_ALLOW_UNTRAINED": "1",
    "TELLTALE_GRACE_S": "20",
    "TELLTALE_REMINDER_INTERVAL_S": "0.5",
    "TELLTALE_DEADLINE_S": "300",
}
_PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """A Kafka of their own, because consumer groups have fixed names."""
    home: Path = tmp_path_factory.mktemp("stages")
    with (
        KafkaBroker(home / "kafka") as broker,
        Stages(home, broker.bootstrap_servers, detectors="mesonet", env=SETTINGS) as running,
    ):
        running.create_topics()
        running.start()
        yield running


@pytest.fixture
def verdicts(stages: Stages) -> Iterator[Tail]:
    with stages.tail(MEDIA_VERDICTS) as tail:
        yield tail


@pytest.fixture
def dead_letters(stages: Stages) -> Iterator[Tail]:
    with stages.tail(DEAD_LETTERS) as tail:
        yield tail


def finals_in(tail: Tail) -> list[MediaVerdict]:
    events = [decode(record.value, MediaVerdict) for record in tail.records]
    return [event for event in events if event.lifecycle is Lifecycle.FINAL]


def has_finals(tail: Tail, count: int) -> Callable[[object], bool]:
    return lambda _: len({event.media_id for event in finals_in(tail)}) >= count


def read_finals(tail: Tail, count: int) -> list[MediaVerdict]:
    tail.read_until(has_finals(tail, count), timeout_s=_PATIENCE_S)
    tail.read_rest()
    return finals_in(tail)


def test_each_item_gets_its_own_kind_of_final_verdict(stages, verdicts):
    files = {"clip.mp4": a_face_clip(1), "picture.jpg": a_picture(1), "text.mp4": b"only text\n" * 50, "empty.jpg": b""}
    uploads = {upload.key: upload for upload in stages.upload(files)}
    said = {event.uploaded.key: event for event in read_finals(verdicts, len(files))}
    assert {key: event.media_id for key, event in said.items()} == {key: one.media_id for key, one in uploads.items()}
    for key in ("clip.mp4", "picture.jpg"):
        (result,) = said[key].detectors
        assert result.status is DetectorStatus.SCORED
        assert result.untrained
        assert result.clips > 0
        assert said[key].verdict is Verdict.INCONCLUSIVE
        assert said[key].reasons[0] is Reason.CALIBRATION_MISSING
    for key, reason in (("text.mp4", Reason.UNSUPPORTED_FORMAT), ("empty.jpg", Reason.DECODE_ERROR)):
        assert said[key].verdict is Verdict.NOT_ASSESSED
        assert said[key].reasons == (reason,)
    assert said["clip.mp4"].media.sha256 is not None


def test_the_trace_of_an_upload_reaches_its_verdict(stages, verdicts):
    (upload,) = stages.upload({"traced.jpg": a_picture(2)})
    read_finals(verdicts, 1)
    (record,) = (record for record in verdicts.records if record.key == upload.media_id.encode())
    assert dict(record.headers)["traceparent"].startswith(b"00-")


def test_duplicated_announcements_decode_nothing_again_and_add_no_verdict(stages, verdicts):
    uploads = stages.upload({f"twice-{n}.jpg": a_picture(10 + n) for n in range(3)})
    read_finals(verdicts, 3)
    decoded = stages["extract"].count("telltale_decoder_runs_total")
    known = stages["extract"].count("telltale_events_total", outcome="known")
    stages.announce([*uploads, *reversed(uploads)])
    wait_until(
        lambda: stages["extract"].count("telltale_events_total", outcome="known") >= known + 6, timeout_s=_PATIENCE_S
    )
    verdicts.read_rest()
    assert len(finals_in(verdicts)) == 3
    assert stages["extract"].count("telltale_decoder_runs_total") == decoded
    assert stages["detect"].count("telltale_model_loads_total", detector="mesonet") == 1


def test_poison_is_parked_with_its_bytes_and_the_stage_goes_on(stages, verdicts, dead_letters):
    stages.send_raw(MEDIA_UPLOADED, key=b"poison-1", value=b"\xff not a message")
    stages.send_raw(crops_for("mesonet"), key=b"poison-2", value=b'{"schema":"crops.v9"}')
    stages.upload({"after-poison.jpg": a_picture(20)})
    assert len(read_finals(verdicts, 1)) == 1
    dead_letters.read_until(lambda records: len(records) >= 2, timeout_s=_PATIENCE_S)
    letters = {
        letter.media_id: letter for record in dead_letters.records if (letter := decode(record.value, DeadLetter))
    }
    assert letters["poison-1"].stage is Stage.EXTRACT
    assert letters["poison-1"].value_base64 == "/yBub3QgYSBtZXNzYWdl"
    assert letters["poison-2"].stage is Stage.DETECT
    assert letters["poison-2"].reason == "poison_message"
    assert stages["extract"].returncode is None
    assert stages["detect"].returncode is None


def test_nothing_is_lost_or_doubled_when_workers_are_killed_in_the_middle(stages, verdicts):
    files = {f"kill-{n}.mp4": a_face_clip(100 + n, frames=6 + n) for n in range(10)}
    files |= {f"kill-{n}.jpg": a_picture(n) for n in range(10, 20)}
    uploads = stages.upload(files)
    for role, after in (("extract", 3), ("detect", 8)):
        verdicts.read_until(has_finals(verdicts, after), timeout_s=_PATIENCE_S)
        assert len(finals_in(verdicts)) < 20, "the kill came too late to show anything"
        stages[role].kill()
        stages[role].start()
    finals = Counter(event.media_id for event in read_finals(verdicts, 20))
    assert finals == Counter(upload.media_id for upload in uploads)
    scored = [event.detectors[0].status for event in finals_in(verdicts)]
    assert scored == [DetectorStatus.SCORED] * 20


def test_a_killed_aggregator_recovers_its_tables_and_repeats_no_finished_item(stages, verdicts):
    uploads = stages.upload({f"before-{n}.jpg": a_picture(n) for n in range(20, 23)})
    read_finals(verdicts, len(uploads))
    for kill in range(2):
        stages["aggregate"].kill()
        uploads += stages.upload({f"after-{kill}-{n}.jpg": a_picture(n + 3 * kill) for n in range(23, 26)})
        stages["aggregate"].start()
        finals = Counter(event.media_id for event in read_finals(verdicts, len(uploads)))
        assert finals == Counter(upload.media_id for upload in uploads)


def test_finished_items_leave_the_tables_after_the_grace_time(stages, verdicts):
    stages.upload({"forgotten.jpg": a_picture(30)})
    read_finals(verdicts, 1)
    for table in (ITEMS_TABLE, PARTS_TABLE):
        wait_until(lambda table=table: stages.table(changelog_of(table)) == {}, timeout_s=_PATIENCE_S)


def test_sigterm_ends_each_stage_with_status_0(stages, verdicts):
    stages.upload({"last.jpg": a_picture(31)})
    read_finals(verdicts, 1)
    for role in ("extract", "detect", "aggregate"):
        stages[role].wait_ready()
        assert stages[role].stop() == 0, role
        stages[role].start()
    for role in ("extract", "detect", "aggregate"):
        stages[role].wait_ready()
