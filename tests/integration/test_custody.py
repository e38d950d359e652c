"""A picture is judged by the real stages; then it is verified, tampered with, expired and deleted."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from contracts.settings import EVERY_SETTINGS
from dashboard import item_queries
from dashboard.custody.expiry import Expiry, expired_on
from dashboard.custody.retention import Class
from dashboard.custody.settings import CustodySettings
from dashboard.heat_maps_kept import KeptMaps
from dashboard.read_model import ReadModelWriter
from detectors.heat_maps import HeatMap
from ingest.reconciliation import Gap
from stream_processors.members import members_of
from telltale import delete, expire, verify
from telltale.errors import CommandFailed
from telltale.reconcile import compare
from telltale.verify_rejudge import compared, judged_again
from tests.support.items import a_dead_letter
from tests.support.judged_home import DETECTOR, JudgedHome, judged_home

KEY = "desk/Röntgen interview 17.jpg"
NAME = "Röntgen interview 17"
VARIABLES = {f"TELLTALE_{name.upper()}" for kind in (*EVERY_SETTINGS, CustodySettings) for name in kind.model_fields}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> JudgedHome:
    return judged_home(tmp_path_factory.mktemp("judged") / "home", KEY)


@pytest.fixture
def item(judged: JudgedHome, tmp_path: Path) -> JudgedHome:
    """A copy of that home to do harm to; times are copied too, so that versions stay."""
    shutil.copytree(judged.home, tmp_path / "home")
    (tmp_path / "home" / "logs").mkdir()
    (tmp_path / "home" / "logs" / "ingest.log").write_text(f"info media_announced key={KEY!r} size=7\nother line\n")
    return replace(judged, home=tmp_path / "home")


def verified(item: JudgedHome, capsys: pytest.CaptureFixture[str], *, asked: str = KEY) -> tuple[int, dict[str, str]]:
    """The exit status, and the state of each thing that was looked at."""
    capsys.readouterr()
    status = verify.run(verify.Wish(home=item.home, item=asked, as_json=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {line.get("what", "chain"): line.get("state", line.get("chain")) for line in lines}


def test_all_that_was_judged_holds(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    status, found = verified(item, capsys)
    assert status == verify.OK
    assert set(found.values()) == {"holds"}
    assert {"chain", "upload", "verdict", "row", "media", "evidence 0.zip", "code"} <= found.keys()
    assert {f"weights of {DETECTOR}", f"calibration of {DETECTOR}"} <= found.keys()
    assert verify.run(verify.Wish(home=item.home, everything=True)) == verify.OK
    assert verified(item, capsys, asked=item.uploaded.media_id[:8])[0] == verify.OK


def test_a_verdict_that_was_changed_in_the_database_file_is_found(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    with closing(sqlite3.connect(item.home / "read_model.sqlite")) as connection:
        connection.execute("UPDATE items SET verdict = 'likely_manipulated', value = 0.99")
        connection.commit()
    status, found = verified(item, capsys)
    assert (status, found["row"], found["verdict"]) == (verify.BROKEN, "broken", "holds")


def test_bytes_flipped_in_the_database_file_never_pass(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    file = item.home / "read_model.sqlite"
    raw = file.read_bytes()
    sha256 = str(item.verdict.media.sha256).encode()
    assert raw.count(sha256) > 2
    file.write_bytes(raw.replace(sha256, sha256[::-1]))
    status, found = verified(item, capsys)
    assert (status, found["chain"]) == (verify.BROKEN, "broken")


def test_a_database_file_that_is_none_any_more_is_an_answer(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    file = item.home / "read_model.sqlite"
    raw = bytearray(file.read_bytes())
    raw[4096 : 8 * 4096] = bytes(7 * 4096)
    file.write_bytes(raw)
    assert verify.run(verify.Wish(home=item.home, everything=True, as_json=True)) == verify.BROKEN


def test_other_bytes_under_the_same_version_are_found(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    path = item.bucket.path_of(KEY)
    before, raw = path.stat(), bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert item.bucket.stat(KEY).version == item.uploaded.version
    status, found = verified(item, capsys)
    assert (status, found["media"]) == (verify.BROKEN, "broken")


def test_a_newer_version_and_a_missing_one_cannot_be_checked(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    item.bucket.write(KEY, b"a newer picture")
    assert verified(item, capsys)[0] == verify.NOT_CHECKABLE
    item.bucket.delete(KEY)
    status, found = verified(item, capsys)
    assert (status, found["media"], found["chain"]) == (verify.NOT_CHECKABLE, "uncheckable", "holds")


def test_changed_crops_are_broken_and_missing_ones_are_not_explained(
    item: JudgedHome, capsys: pytest.CaptureFixture[str]
):
    (bundle,) = item.work.list(f"crops/{item.uploaded.media_id}/0.zip")
    item.work.write(bundle.key, item.work.read(bundle.key)[::-1])
    assert verified(item, capsys)[1]["evidence 0.zip"] == "broken"
    item.work.delete(bundle.key)
    status, found = verified(item, capsys)
    assert (status, found["evidence 0.zip"]) == (verify.NOT_CHECKABLE, "uncheckable")


def test_the_stored_scores_give_the_recorded_verdict_again(judged: JudgedHome):
    members = members_of([DETECTOR], judged.home / "weights")
    scores = list(judged.scores)
    again = judged_again(judged.verdict, judged.extracted, scores, members)
    assert compared(judged.verdict, judged.extracted, scores, again).state == "holds"
    clips = tuple(clip.model_copy(update={"raw_score": 0.999}) for clip in scores[0].clips)
    other = [scores[0].model_copy(update={"clips": clips}), *scores[1:]]
    again = judged_again(judged.verdict, judged.extracted, other, members)
    assert compared(judged.verdict, judged.extracted, other, again).state == "broken"


@pytest.fixture
def later(item: JudgedHome) -> Iterator[Expiry]:
    """Expiry with every class switched on."""
    settings = CustodySettings(home=item.home, keep_media_days=40, keep_rows_days=50)
    engine = item.engine
    told: list = []
    yield Expiry(
        engine=engine,
        bucket=item.bucket,
        work=item.work,
        settings=settings,
        tell=lambda *said: told.append(said),
    )
    engine.dispose()


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_each_class_expires_in_its_time_and_is_explained(
    item: JudgedHome, later: Expiry, capsys: pytest.CaptureFixture[str]
):
    media_id = item.uploaded.media_id
    assert sum(later.round(in_days(29)).objects.values()) == 0
    planned = replace(later, dry_run=True).round(in_days(31))
    done = later.round(in_days(31))
    assert planned.objects == done.objects
    assert {what.value: number for what, number in done.objects.items() if number} == {"evidence": 1, "markers": 1}
    assert list(item.work.list("crops/")) == []
    assert sum(later.round(in_days(31)).objects.values()) == 0
    status, found = verified(item, capsys)
    assert (status, found["evidence 0.zip"], found["media"]) == (verify.OK, "explained", "holds")
    assert expired_on(later.engine, media_id).keys() == {"evidence", "markers"}

    later.round(in_days(41))
    assert list(item.bucket.list()) == []
    status, found = verified(item, capsys)
    assert (status, found["media"], found["verdict"]) == (verify.OK, "explained", "holds")

    later.round(in_days(51))
    assert item_queries.item_row(later.engine, media_id) is None
    assert verified(item, capsys, asked=media_id) == (verify.OK, {"chain": "holds", "item": "explained"})
    ReadModelWriter(later.engine).apply([item.uploaded, item.verdict])
    assert item_queries.item_row(later.engine, media_id) is None


def test_by_default_media_and_rows_stay(item: JudgedHome, later: Expiry):
    later.round(in_days(41))
    kept = replace(later, settings=CustodySettings(home=item.home))
    assert sum(kept.round(in_days(4000)).objects.values()) == 0
    assert item_queries.item_row(kept.engine, item.uploaded.media_id) is not None


def test_expire_tells_and_anchors(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    assert expire.run(expire.Wish(home=item.home, dry_run=True, as_json=True)) == 0
    assert json.loads(capsys.readouterr().out)["evidence"] == 0
    assert not (item.home / "audit").exists()
    assert expire.run(expire.Wish(home=item.home)) == 0
    assert len((item.home / "audit" / "anchors.jsonl").read_text().splitlines()) == 1


def found_in(home: Path, needles: list[bytes]) -> list[str]:
    """Every file below ``home`` that holds or is named after one of these."""
    files = [file for file in home.rglob("*") if file.is_file()]
    named = [str(file) for file in files if any(needle in os.fsencode(file.name) for needle in needles)]
    return named + [str(file) for file in files if any(needle in file.read_bytes() for needle in needles)]


def needles_of(item: JudgedHome) -> list[bytes]:
    """The key, the name in each way of writing it, and the beginnings of the media and of its crops."""
    crops = item.work.read(f"crops/{item.uploaded.media_id}/0.zip")
    names = [form.encode() for word in (KEY, NAME) for form in (word, json.dumps(word)[1:-1])]
    hashes = [str(item.verdict.media.sha256).encode(), item.uploaded.version.encode()]
    return [*names, *hashes, item.bucket.read(KEY)[1000:1100], crops[5000:5100]]


def test_a_deleted_item_leaves_one_record_and_nothing_of_itself(item: JudgedHome, capsys: pytest.CaptureFixture[str]):
    needles = needles_of(item)
    media_id = item.uploaded.media_id
    assert len(found_in(item.home, needles)) >= 4
    engine = item.engine
    ReadModelWriter(engine).apply([a_dead_letter(item.uploaded)])
    engine.dispose()
    delete.run(delete.Wish(home=item.home, item=KEY, because="asked for by the person shown", media=True, dry_run=True))
    assert verified(item, capsys)[0] == verify.OK

    wish = delete.Wish(home=item.home, item=KEY, because="asked for by the person shown", media=True, as_json=True)
    delete.run(wish)
    assert found_in(item.home, needles) == []
    assert "other line" in (item.home / "logs" / "ingest.log").read_text()
    assert verified(item, capsys, asked=media_id) == (verify.OK, {"chain": "holds", "item": "explained"})
    assert verify.run(verify.Wish(home=item.home, everything=True)) == verify.OK
    with pytest.raises(CommandFailed, match="No item"):
        delete.run(wish)
    delete.run(replace(wish, item=media_id))  # again, as after a crash
    assert verified(item, capsys, asked=media_id)[0] == verify.OK


def test_late_messages_do_not_bring_a_deleted_item_back(item: JudgedHome):
    delete.run(delete.Wish(home=item.home, item=KEY, because="a test"))
    engine = item.engine
    ReadModelWriter(engine).apply([item.uploaded, item.extracted, item.verdict, a_dead_letter(item.uploaded)])
    assert item_queries.item_row(engine, item.uploaded.media_id) is None
    assert item_queries.dead_letters_of(engine, item.uploaded.media_id) == []
    # The object is still in the bucket, and neither timer nor marker lets it in again.
    told: list = []
    tally = compare(item.bucket, engine, tell=told.append, settle_s=0.0)
    assert (tally.listed, tally.missing, tally.forgotten, told) == (1, 0, 1, [])
    item.bucket.write("another.jpg", b"new")
    assert [(gap.gap, gap.key) for gap in _gaps(item, engine)] == [(Gap.MISSING, "another.jpg")]
    assert item.work.stat(f"crops/{item.uploaded.media_id}/extracted.json")
    engine.dispose()


def _gaps(item: JudgedHome, engine) -> list:
    told: list = []
    compare(item.bucket, engine, tell=told.append, settle_s=0.0)
    return told


def test_crops_that_a_late_worker_wrote_of_a_deleted_item_go_with_the_next_round(item: JudgedHome, later: Expiry):
    delete.run(delete.Wish(home=item.home, item=KEY, because="a test"))
    key = f"crops/{item.uploaded.media_id}/0.zip"
    item.work.write(key, b"crops")
    done = later.round()
    assert {what.value: number for what, number in done.objects.items() if number} == {"bundles": 1}
    assert [found.key for found in item.work.list("crops/")] == [f"crops/{item.uploaded.media_id}/extracted.json"]


def keep_a_heat_map(item: JudgedHome) -> str:
    """The key of a map of the crop that decided most."""
    evidence, kept = item.verdict.tracks[0].evidence[0], KeptMaps(item.home / "weights")
    kept.keep(item.work, evidence, HeatMap(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.float32), 0.1))
    assert kept.find(item.work, evidence) is not None
    return kept.key_of(evidence)


def test_a_heat_map_goes_with_the_crop_that_it_shows(item: JudgedHome, later: Expiry):
    key = keep_a_heat_map(item)
    assert later.round(in_days(29)).objects[Class.EVIDENCE] == 0
    assert later.round(in_days(31)).objects[Class.EVIDENCE] == 2
    assert list(item.work.list(key)) == []


def test_a_heat_map_goes_with_its_deleted_item_even_if_it_came_late(item: JudgedHome, later: Expiry):
    key = keep_a_heat_map(item)
    delete.run(delete.Wish(home=item.home, item=KEY, because="a test"))
    assert list(item.work.list(key)) == []
    assert keep_a_heat_map(item) == key
    later.round()
    assert list(item.work.list(key)) == []


def test_what_is_asked_for_wrongly_is_said(item: JudgedHome, tmp_path: Path):
    with pytest.raises(CommandFailed, match="No item"):
        verify.run(verify.Wish(home=item.home, item="nothing"))
    with pytest.raises(CommandFailed, match="no read model") as failed:
        verify.run(verify.Wish(home=tmp_path / "elsewhere", everything=True))
    assert failed.value.exit_code == verify.NOT_CHECKABLE
    for wish in (verify.Wish(home=item.home), verify.Wish(home=item.home, item=KEY, everything=True)):
        with pytest.raises(CommandFailed, match="--all"):
            verify.run(wish)
    with pytest.raises(CommandFailed, match="Say why"):
        delete.run(delete.Wish(home=item.home, item=KEY, because=" "))
