"""Heat maps are computed by a process of their own, one at a time, kept by what they were made of, and end in words."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contracts.messages import ClaimCheck, Evidence
from dashboard import heat_map_line
from dashboard.evidence_pictures import NoPicture
from dashboard.heat_map_line import HeatMapMaker, LineIsFull, NoHeatMap, Stage
from detectors import weights
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.object_stores.folder import FolderStore
from tests.support.faces import a_crop
from tests.support.items import some_evidence

NO_PROCESS = "/bin/false"
PATIENCE_S = 200.0


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[HeatMapMaker]:
    made = HeatMapMaker(tmp_path)
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.make(tmp_path / "work")


@pytest.fixture
def bundle(store: FolderStore) -> ClaimCheck:
    return issue(store, "crops/x/0.zip", pack([a_crop(seed=1), a_crop(seed=2)]))


def of(bundle: ClaimCheck, *crops: int) -> list[Evidence]:
    return [some_evidence(bundle, crop, pts_s=0.0, probability=0.9) for crop in crops]


def test_crops_become_maps_in_their_order_which_are_kept(
    maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = maker.ask(store, of(bundle, 1, 0, 1))
    maps = asked.result(PATIENCE_S)
    assert asked.stage is Stage.RANDOM
    np.testing.assert_array_equal(maps[0].view, maps[2].view)
    assert not np.array_equal(maps[0].view, maps[1].view)
    assert len(list(store.list("crops/x/heat-"))) == 2

    monkeypatch.setattr(sys, "executable", NO_PROCESS)
    again = HeatMapMaker(tmp_path).ask(store, of(bundle, 0, 1)).result(PATIENCE_S)
    for kept, made in zip(again, (maps[1], maps[0]), strict=True):
        np.testing.assert_array_equal(kept.view, made.view)
        np.testing.assert_array_equal(kept.heat, made.heat)
        assert kept.likeness == made.likeness


def test_other_inputs_have_other_places(maker: HeatMapMaker, bundle: ClaimCheck, monkeypatch: pytest.MonkeyPatch):
    first, second = of(bundle, 0, 1)
    other = first.model_copy(update={"bundle": bundle.model_copy(update={"sha256": "0" * 64})})
    keys = {maker.kept.key_of(one) for one in (first, second, other)}
    assert maker.kept.key_of(first) in keys
    monkeypatch.setattr("dashboard.heat_maps_kept.METHOD", "another")
    assert len(keys | {maker.kept.key_of(first)}) == 4


def test_a_damaged_kept_map_is_none(maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck):
    (one,) = of(bundle, 0)
    for damaged in (b"", b"PK", b"\x93NUMPY" + bytes(90)):
        store.write(maker.kept.key_of(one), damaged)
        assert maker.kept.find(store, one) is None


def test_a_process_that_fails_or_takes_too_long_is_told_and_may_be_asked_again(
    maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", NO_PROCESS)
        failed = maker.ask(store, of(bundle, 0))
        with pytest.raises(NoHeatMap, match="could not be computed"):
            failed.result(PATIENCE_S)
    monkeypatch.setattr(heat_map_line, "_TIMEOUT_S", 0.2)
    late = maker.ask(store, of(bundle, 0))
    assert late is not failed
    with pytest.raises(NoHeatMap, match="too long"):
        late.result(PATIENCE_S)


def test_the_same_question_waits_once_and_the_line_has_an_end(
    maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(heat_map_line, "_MOST_WAITING", 1)
    first = maker.ask(store, of(bundle, 0))
    assert maker.ask(store, of(bundle, 0)) is first is maker.asked(of(bundle, 0))
    with pytest.raises(LineIsFull):
        maker.ask(store, of(bundle, 1))
    maker.close()
    with pytest.raises(NoHeatMap):
        first.result(PATIENCE_S)


def test_crops_that_are_gone_say_so(maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck):
    store.delete("crops/x/0.zip")
    with pytest.raises(NoPicture, match="have expired"):
        maker.ask(store, of(bundle, 0)).result(60)


def test_without_weights_there_are_none(
    maker: HeatMapMaker, store: FolderStore, bundle: ClaimCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "nothing")
    with pytest.raises(NoHeatMap, match="is missing"):
        maker.ask(store, of(bundle, 0)).result(60)
