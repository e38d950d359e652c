"""Crops over which workers died are scored alone, then given up; waiting and ordinary work leave no trace."""

from pathlib import Path
from typing import Any, cast

import pytest

from contracts.codec import encode
from contracts.errors import NotNow
from contracts.messages import ClaimCheck, ClipRef, CropBatch
from contracts.settings import DetectSettings
from contracts.vocabulary import DetectorStatus
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from stream_processors.detect import Received, _Agent
from stream_processors.scorer import Answer, Bundles
from stream_processors.serving import Serving
from stream_processors.tries import Tries, WorkerKilled, tries_at
from tests.support.detectors import FakeDetector
from tests.support.faces import a_crop
from tests.support.fake_store import FakeStore
from tests.support.faust_records import an_event


class Killed(BaseException):
    """Stands for the signal: nothing of ours catches it."""


class Worker:
    """A detect worker on a machine of its own; it dies over the offsets in ``deadly``."""

    def __init__(self, home: Path, work: FakeStore, deadly: set[int]) -> None:
        self.detector = FakeDetector()
        self.tries: Tries = tries_at(home)
        serving = Serving("fake", load=lambda: self.detector, stamp=lambda: 0)
        settings = DetectSettings(home=home)
        self.agent = _Agent(
            cast(Any, None), serving, Bundles(work), cast(Any, None), settings, cast(Any, None), self.tries
        )
        self.scored: list[list[int]] = []
        self._deadly = deadly
        self._score = self.agent._answer
        self.agent._answer = self._answer  # type: ignore[method-assign]

    def _answer(self, batches: Any) -> list[Answer]:
        chunks = [batch.chunk_index for batch in batches]
        self.scored.append(chunks)
        if self._deadly & set(chunks):
            raise Killed
        return self._score(batches)

    def take(self, records: list[Received]) -> list[Answer | None]:
        return [answer for _, answer in self.agent._answered(records)]


@pytest.fixture
def work() -> FakeStore:
    return FakeStore("work")


@pytest.fixture
def records(work: FakeStore) -> list[Received]:
    """Four records; the number of the chunk is the offset."""
    bundle: ClaimCheck = issue(work, "crops/item/0.zip", pack([a_crop(seed=0)]))
    clips = (ClipRef(clip_index=0, track_id=0, crops=(0,), start_s=0.0, end_s=0.0),)
    batches = [CropBatch(media_id="item", detector="fake", chunk_index=n, bundle=bundle, clips=clips) for n in range(4)]
    return [
        Received.read(an_event(encode(batch), topic="crops.fake.v1", offset=batch.chunk_index)) for batch in batches
    ]


def statuses(answers: list[Answer | None]) -> list[DetectorStatus]:
    return [answer.score.status for answer in answers if answer]


def test_only_the_crops_that_kill_are_given_up_and_the_others_scored(tmp_path, work, records):
    worker = Worker(tmp_path, work, {2})
    with pytest.raises(Killed):
        worker.take(records)
    for _ in range(2):
        worker = Worker(tmp_path, work, {2})
        with pytest.raises(Killed):
            worker.take(records)
        assert [2] in worker.scored
    last = Worker(tmp_path, work, {2})
    answers = last.take(records)
    assert statuses(answers) == [*[DetectorStatus.SCORED] * 2, DetectorStatus.FAILED, DetectorStatus.SCORED]
    given_up = answers[2]
    assert given_up is not None and isinstance(given_up.poison, WorkerKilled)
    assert [2] not in last.scored


def test_ordinary_work_is_scored_together_and_leaves_nothing_behind(tmp_path, work, records):
    worker = Worker(tmp_path, work, set())
    poison = Received.read(an_event(b"\xff", topic="crops.fake.v1", offset=9))
    answers = worker.take([*records, poison])
    assert worker.scored == [[0, 1, 2, 3]]
    assert answers[-1] is None
    assert not list(tmp_path.rglob("tries-*.json"))


def test_a_store_that_is_away_counts_for_no_try(tmp_path, work, records):
    work.is_away = True
    for _ in range(5):
        worker = Worker(tmp_path, work, set())
        with pytest.raises(NotNow):
            worker.take(records)
    work.is_away = False
    worker = Worker(tmp_path, work, set())
    assert statuses(worker.take(records)) == [DetectorStatus.SCORED] * 4
    assert worker.scored == [[0, 1, 2, 3]]
