"""Heat maps for the pages: computed by a process of their own from stored crops, and laid over the face."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dashboard.evidence_pictures import NoPicture
from dashboard.heat_pictures import HeatMapMaker, overlaid
from detectors.heat_maps import HeatMap
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.object_stores.folder import FolderStore
from tests.support.faces import a_crop
from tests.support.items import some_evidence


def a_map(heat: float) -> HeatMap:
    return HeatMap(np.full((160, 160, 3), 100, np.uint8), np.full((160, 160), heat, np.float32), 0.1)


def test_the_overlay_is_as_strong_as_asked():
    def middle(data: bytes) -> tuple[int, ...]:
        return tuple(map(int, np.asarray(Image.open(io.BytesIO(data)))[120, 120]))

    assert middle(overlaid(a_map(1.0), 0.0)) == pytest.approx((100, 100, 100), abs=3)
    assert middle(overlaid(a_map(1.0), 1.0)) == pytest.approx((217, 73, 43), abs=6)
    assert middle(overlaid(a_map(0.0), 1.0)) == pytest.approx((100, 100, 100), abs=3)


def test_stored_crops_become_maps_in_their_order(tmp_path: Path):
    store = FolderStore.make(tmp_path / "work")
    bundle = issue(store, "crops/x/0.zip", pack([a_crop(seed=1), a_crop(seed=2)]))
    wanted = [some_evidence(bundle, crop, pts_s=0.0, probability=0.9) for crop in (1, 0, 1)]
    maps = HeatMapMaker(tmp_path).ask(store, wanted).result(timeout=200)
    assert len(maps) == 3
    np.testing.assert_array_equal(maps[0].view, maps[2].view)
    assert not np.array_equal(maps[0].view, maps[1].view)


def test_crops_that_are_gone_say_so(tmp_path: Path):
    store = FolderStore.make(tmp_path / "work")
    bundle = issue(store, "crops/x/0.zip", pack([a_crop()]))
    store.delete("crops/x/0.zip")
    asked = HeatMapMaker(tmp_path).ask(store, [some_evidence(bundle, 0, pts_s=0.0, probability=0.9)])
    with pytest.raises(NoPicture, match="have expired"):
        asked.result(timeout=60)
