"""Real stages: a broker that comes late, a full disk, items that kill their workers, a fuse that blows."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.codec import decode
from contracts.messages import DeadLetter, MediaUploaded, MediaVerdict
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED, MEDIA_VERDICTS, crops_for
from contracts.vocabulary import DetectorStatus, Lifecycle, Reason, Stage, Verdict
from dashboard.custody.settings import CustodySettings
from dashboard.item_queries import item_row
from dashboard.projector import run as project
from dashboard.read_model import open_engine, url_of
from ingest.fuse import blown_fuses, clear
from stream_processors.extract import GROUP
from stream_processors.lag import lag_of
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.short_clips import a_face_clip, a_picture
from tests.support.stages import ALL, Stages

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
_PATIENCE_S = 240.0
_MOST_LETTERS = 8
SETTINGS = {
    "TELLTALE_ALLOW_UNTRAINED": "1",
    "TELLTALE_REMINDER_INTERVAL_S": "0.5",
    # One clip a pass: scoring takes long enough to be caught in the act.
    "TELLTALE_MICRO_BATCH_CLIPS": "1",
    "TELLTALE_FUSE_LETTERS": str(_MOST_LETTERS),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(tmp_path_factory.mktemp("faults") / "kafka")
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, broker: KafkaBroker) -> Iterator[Stages]:
    """Started before their broker, which they wait for; consumer groups have fixed names, so it is their own."""
    home = tmp_path_factory.mktemp("stages")
    settings = CustodySettings(kafka_bootstrap_servers=broker.bootstrap_servers, home=home)
    stop = threading.Event()
    projector = threading.Thread(target=project, args=(settings, stop))
    with Stages(home, broker.bootstrap_servers, detectors="mesonet", env=SETTINGS) as running:
        for role in ALL:
            running[role].start()
        projector.start()
        try:
            for role in ALL:
                wait_until(lambda role=role: "waiting for Kafka" in running[role].log, timeout_s=_PATIENCE_S)
            assert [running[role].returncode for role in ALL] == [None] * len(ALL)
            broker.start()
            running.create_topics()
            for role in ALL:
                running[role].wait_ready()
            yield running
        finally:
            stop.set()
            projector.join()


@pytest.fixture
def verdicts(stages: Stages) -> Iterator[Tail]:
    with stages.tail(MEDIA_VERDICTS) as tail:
        yield tail


@pytest.fixture
def letters(stages: Stages) -> Iterator[Tail]:
    with stages.tail(DEAD_LETTERS) as tail:
        yield tail


def final_of(verdicts: Tail, upload: MediaUploaded) -> MediaVerdict:
    """The one final verdict on an upload, as soon as it is there."""

    def finals() -> list[MediaVerdict]:
        events = [decode(record.value, MediaVerdict) for record in verdicts.records]
        return [one for one in events if one.media_id == upload.media_id and one.lifecycle is Lifecycle.FINAL]

    verdicts.read_until(lambda _: bool(finals()), timeout_s=_PATIENCE_S)
    verdicts.read_rest()
    (final,) = finals()
    return final


def letters_of(letters: Tail, media_id: str) -> list[DeadLetter]:
    parked = [decode(record.value, DeadLetter) for record in letters.records]
    return [one for one in parked if one.media_id == media_id]


def test_stages_that_were_there_before_their_broker_do_their_work(stages: Stages, verdicts: Tail):
    (upload,) = stages.upload({"early.jpg": a_picture(1)})
    assert final_of(verdicts, upload).detectors[0].status is DetectorStatus.SCORED
    engine = open_engine(url_of(CustodySettings(home=stages.home)))
    wait_until(lambda: (item_row(engine, upload.media_id) or {}).get("lifecycle") == Lifecycle.FINAL, timeout_s=60)
    engine.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_keeps_the_offset_until_there_is_room(stages: Stages, verdicts: Tail):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(stages.home / "work")],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this container may not mount")
    filler = stages.home / "work" / "filler"
    try:
        with filler.open("wb", buffering=0) as full:
            while _has_room(full):
                pass
        (upload,) = stages.upload({"full.jpg": a_picture(2)})
        wait_until(lambda: "No space left on device" in stages["extract"].log, timeout_s=_PATIENCE_S)
        assert lag_of(stages.kafka, GROUP, MEDIA_UPLOADED.name) >= 1
        assert verdicts.read_rest() == []
        filler.unlink()
        assert final_of(verdicts, upload).detectors[0].status is DetectorStatus.SCORED
        assert stages["extract"].returncode is None
    finally:
        subprocess.run(["umount", "-l", str(stages.home / "work")], check=True)


def _has_room(file) -> bool:
    try:
        file.write(b"\0" * 4096)
    except OSError:
        return False
    return True


def test_an_item_that_kills_three_workers_is_parked_and_gets_a_verdict(stages: Stages, verdicts: Tail, letters: Tail):
    """The test is the kernel that ends a worker which takes too much memory, always over the same item."""
    (upload,) = stages.upload({"killer.mp4": a_face_clip(5, frames=360)})
    notes = stages.home / "work" / "crops" / upload.media_id
    for _ in range(3):
        wait_until(lambda: any(notes.glob("tries-*.json")), timeout_s=_PATIENCE_S)
        stages["extract"].kill()
        count = next(notes.glob("tries-*.json")).read_bytes()
        stages["extract"].start()
        wait_until(lambda count=count: _changed(notes, count), timeout_s=_PATIENCE_S)
    final = final_of(verdicts, upload)
    assert (final.verdict, final.reasons) == (Verdict.NOT_ASSESSED, (Reason.DECODE_ERROR,))
    letters.read_rest()
    (letter,) = letters_of(letters, upload.media_id)
    assert (letter.stage, letter.reason) == (Stage.EXTRACT, "worker_killed")
    (again,) = stages.upload({"after-killer.jpg": a_picture(3)})
    assert final_of(verdicts, again).detectors[0].status is DetectorStatus.SCORED
    stages.announce([upload])
    (third,) = stages.upload({"third.jpg": a_picture(4)})
    final_of(verdicts, third)
    assert len({one.dead_letter_id for one in letters_of(letters, upload.media_id)}) == 1


def _changed(notes: Path, before: bytes) -> bool:
    """Whether another worker has begun, or given up."""
    now = next(notes.glob("tries-*.json"), None)
    return now is None or now.read_bytes() != before


def test_crops_that_kill_three_workers_are_parked_and_their_detector_is_named(
    stages: Stages, verdicts: Tail, letters: Tail
):
    (upload,) = stages.upload({"bad-crops.mp4": a_face_clip(6, frames=240)})
    notes = stages.home / "tries" / "detect"
    for tries in range(1, 4):
        wait_until(lambda tries=tries: _tried(notes) == tries, timeout_s=_PATIENCE_S)
        stages["detect"].kill()
        stages["detect"].start()
    final = final_of(verdicts, upload)
    assert final.detectors[0].status in (DetectorStatus.FAILED, DetectorStatus.SCORED)
    assert "lost over them" in (final.detectors[0].detail or "")
    letters.read_rest()
    (letter,) = letters_of(letters, upload.media_id)
    assert (letter.stage, letter.reason, letter.topic) == (Stage.DETECT, "worker_killed", crops_for("mesonet").name)
    (again,) = stages.upload({"after-bad-crops.jpg": a_picture(5)})
    assert final_of(verdicts, again).detectors[0].status is DetectorStatus.SCORED
    wait_until(lambda: not _tried(notes), timeout_s=_PATIENCE_S)


def _tried(notes: Path) -> int:
    """How often the crops in hand were begun; nothing where none are in hand."""
    for note in notes.glob("tries-*.json"):
        try:
            return json.loads(note.read_bytes())["tries"]
        except FileNotFoundError:  # finished this moment
            continue
    return 0


def test_too_many_letters_stop_a_stage_until_an_operator_says_go_on(stages: Stages, verdicts: Tail, letters: Tail):
    for number in range(_MOST_LETTERS + 3):
        stages.send_raw(MEDIA_UPLOADED, key=b"poison-%d" % number, value=b'{"schema":"media.uploaded.v9"}')
    wait_until(lambda: Stage.EXTRACT in {one.stage for one in blown_fuses(stages.home)}, timeout_s=_PATIENCE_S)
    assert not stages["extract"].is_ready
    assert stages["extract"].count("telltale_fuse_blown", stage="extract") == 1
    (upload,) = stages.upload({"held.jpg": a_picture(7)})
    letters.read_rest()
    parked = {(one.partition, one.offset) for one in _extract_letters(letters)}
    # Other tests of this minute may have parked one each.
    assert _MOST_LETTERS - 2 <= len(parked) <= _MOST_LETTERS + 1
    assert lag_of(stages.kafka, GROUP, MEDIA_UPLOADED.name) >= 3
    clear(stages.home)
    assert final_of(verdicts, upload).detectors[0].status is DetectorStatus.SCORED
    letters.read_rest()
    assert len({(one.partition, one.offset) for one in _extract_letters(letters)}) == _MOST_LETTERS + 3
    wait_until(lambda: stages["extract"].is_ready, timeout_s=_PATIENCE_S)


def _extract_letters(letters: Tail) -> list[DeadLetter]:
    parked = [decode(record.value, DeadLetter) for record in letters.records]
    return [one for one in parked if one.stage is Stage.EXTRACT]
