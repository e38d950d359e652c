"""A scan loads a detector when a batch asks for it, and holds several only where there is room."""

import gc
import weakref
from pathlib import Path

import pytest

import detectors
from contracts.errors import DetectorUnavailable
from contracts.messages import ClipRef, CropBatch
from contracts.settings import DetectSettings
from contracts.vocabulary import DetectorStatus
from detectors import Detector
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.object_stores.folder import FolderStore
from stream_processors.scorer import Bundles
from telltale.scan_detectors import ScanDetectors, fit_together, loader
from tests.support.detectors import FakeDetector
from tests.support.faces import a_crop


class Loader:
    """Makes fakes, and knows in which order and how many of them live at once."""

    def __init__(self, *missing: str) -> None:
        self.asked: list[str] = []
        self.most_alive = 0
        self._missing = missing
        self._alive: weakref.WeakSet[FakeDetector] = weakref.WeakSet()

    def __call__(self, name: str) -> Detector:
        self.asked.append(name)
        if name in self._missing:
            raise DetectorUnavailable(f"get the weights of {name}")
        made = FakeDetector(name)
        self._alive.add(made)
        gc.collect()
        self.most_alive = max(self.most_alive, len(self._alive))
        return made


@pytest.fixture
def work(tmp_path: Path) -> FolderStore:
    return FolderStore.make(tmp_path / "work")


def batches(work: FolderStore, *names: str, chunks: int = 2) -> list[CropBatch]:
    made = []
    for chunk in range(chunks):
        bundle = issue(work, f"{chunk}.zip", pack([a_crop(seed=chunk)]))
        ref = ClipRef(clip_index=chunk, track_id=0, crops=(0,), start_s=0.0, end_s=0.0)
        made += [
            CropBatch(media_id="m", detector=name, chunk_index=chunk, bundle=bundle, clips=(ref,)) for name in names
        ]
    return made


def asked(load: Loader, work: FolderStore, *, one_at_a_time: bool) -> ScanDetectors:
    return ScanDetectors(load, Bundles(work), clips_per_pass=4, one_at_a_time=one_at_a_time)


@pytest.mark.parametrize(("one_at_a_time", "alive", "loads"), [(True, 1, 6), (False, 3, 3)])
def test_one_at_a_time_or_together(work: FolderStore, one_at_a_time: bool, alive: int, loads: int):
    load = Loader()
    scan = asked(load, work, one_at_a_time=one_at_a_time)
    heard: list[str] = []
    some = batches(work, "b", "a", "c")
    scores = scan.answers(some, tell=heard.append) + scan.answers(some)
    assert heard == ["a", "b", "c"]
    assert load.most_alive == alive
    assert len(load.asked) == loads
    assert [(score.detector, score.chunk_index) for score in scores[:6]] == [
        (name, chunk) for name in "abc" for chunk in (0, 1)
    ]
    assert {score.status for score in scores} == {DetectorStatus.SCORED}


def test_nothing_is_loaded_for_nothing(work: FolderStore):
    load = Loader()
    assert asked(load, work, one_at_a_time=False).answers([]) == []
    assert load.asked == []


def test_a_detector_without_weights_is_tried_once_and_says_what_mends_it(work: FolderStore, monkeypatch):
    monkeypatch.setattr(detectors, "spec", lambda name: FakeDetector(name).spec)
    load = Loader("a")
    scan = asked(load, work, one_at_a_time=True)
    scores = scan.answers(batches(work, "a")) + scan.answers(batches(work, "a"))
    assert [score.status for score in scores] == [DetectorStatus.UNAVAILABLE] * 4
    assert {score.detail for score in scores} == {"get the weights of a"}
    assert load.asked == ["a"]


def test_memory_decides_whether_all_fit():
    needed = sum(detectors.card(name).cost.parameters for name in ("telltale", "mesonet")) * 4
    assert fit_together(("telltale", "mesonet"), free_bytes=2 * needed)
    assert not fit_together(("telltale", "mesonet"), free_bytes=2 * needed - 1)


def test_random_weights_only_where_they_are_asked_for(tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match="mesonet"):
        loader(tmp_path, DetectSettings(device="cpu"))("mesonet")
    assert loader(tmp_path, DetectSettings(device="cpu", allow_untrained=True))("mesonet").untrained
