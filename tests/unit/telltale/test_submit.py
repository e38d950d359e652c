"""Files reach the bucket under keys of their own, and waiting ends when every item has come to its end."""

from pathlib import Path

import pytest

from contracts.vocabulary import Lifecycle, Stage
from ingest.identity import media_id_of
from ingest.object_store import open_store
from telltale.errors import CommandFailed
from telltale.run_state import RunState
from telltale.submit import free_key, is_over, put_all, wait_for
from telltale.verdict_feed import News
from tests.support.verdicts import a_dead_letter, a_verdict


class ScriptedFeed:
    """Hands out prepared news, a list per poll."""

    def __init__(self, *polls: list[News]) -> None:
        self._polls = list(polls)

    def poll(self) -> list[News]:
        return self._polls.pop(0) if self._polls else []


class TickingClock:
    """A second passes with every look."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def __call__(self) -> float:
        self._now_s += 1.0
        return self._now_s


def test_files_become_objects_whose_ids_are_known_at_once(tmp_path: Path):
    (tmp_path / "a b.mp4").write_bytes(b"one")
    submitted = put_all([tmp_path / "a b.mp4"], RunState(home="h", bucket=str(tmp_path / "bucket")))
    store = open_store(tmp_path / "bucket")
    assert submitted == {media_id_of(store.bucket, "a b.mp4", store.stat("a b.mp4").version): tmp_path / "a b.mp4"}
    assert store.read("a b.mp4") == b"one"


def test_an_object_that_is_there_is_never_replaced(tmp_path: Path):
    store = open_store(tmp_path)
    for name in ("clip.tar.mp4", "clip.tar-2.mp4"):
        assert free_key(store, "clip.tar.mp4") == name
        store.write(name, b"x")
    assert free_key(store, "clip.tar.mp4") == "clip.tar-3.mp4"


def test_waiting_ends_with_the_last_final_verdict_in_the_order_of_submission():
    submitted = {"1" * 32: Path("first.mp4"), "2" * 32: Path("second.mp4"), "3" * 32: Path("third.mp4")}
    early = a_verdict(media_id="1" * 32, lifecycle=Lifecycle.PROVISIONAL)
    final = a_verdict(media_id="1" * 32)
    foreign = a_verdict(media_id="9" * 32)
    letter = a_dead_letter(media_id="2" * 32)
    feed = ScriptedFeed([early, foreign], [letter], [], [a_verdict(media_id="3" * 32), final])
    outcomes = wait_for(submitted, feed, timeout_s=100, clock=TickingClock())
    assert [(outcome.path, outcome.news) for outcome in outcomes][:2] == [("first.mp4", final), ("second.mp4", letter)]
    assert [outcome.path for outcome in outcomes] == ["first.mp4", "second.mp4", "third.mp4"]


def test_waiting_ends_at_the_time_out_with_what_has_come():
    submitted = {"1" * 32: Path("first.mp4"), "2" * 32: Path("second.mp4")}
    feed = ScriptedFeed([a_verdict(media_id="2" * 32)])
    outcomes = wait_for(submitted, feed, timeout_s=5, clock=TickingClock())
    assert [outcome.path for outcome in outcomes] == ["second.mp4"]


@pytest.mark.parametrize(("stage", "over"), [(Stage.INGEST, True), (Stage.EXTRACT, True), (Stage.PROJECT, False)])
def test_a_dead_letter_ends_an_item_only_where_no_verdict_can_follow(stage: Stage, over: bool):
    assert is_over(a_dead_letter(stage=stage)) is over


def test_a_file_that_is_too_large_stays_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_MAX_OBJECT_BYTES", "3")
    (tmp_path / "large.mp4").write_bytes(b"four")
    with pytest.raises(CommandFailed, match="more than 3 bytes"):
        put_all([tmp_path / "large.mp4"], RunState(home="h", bucket=str(tmp_path / "bucket")))
    assert list(open_store(tmp_path / "bucket").list()) == []
