import json

import pytest

from contracts.clips import FaceBox
from ingest.extraction import ExtractionRules
from telltale import bench_extract
from telltale.bench_extract import Agreement, ExtractBench, measure
from tests.support.media import PaintLocator, a_video, moving


def paint(picture):
    return PaintLocator().locate([picture])[0]


def measured(path, *, baseline=paint, frames=64) -> ExtractBench:
    video = a_video(path, scene=moving(640, 360, side_px=80), frames=frames)
    return measure(video, locator=PaintLocator(), baseline=baseline, rules=ExtractionRules())


@pytest.fixture
def bench(tmp_path) -> ExtractBench:
    return measured(tmp_path / "a.mp4")


def test_both_ways_look_at_the_same_frames_and_find_the_same_faces(bench):
    assert bench.frames == 32
    assert bench.usable == Agreement(32, 32, 32, 32)
    assert bench.usable.share == bench.every.share == 1.0
    assert bench.ratio == pytest.approx(bench.baseline_s / bench.ours_s)
    assert bench.ours_s > 0


def test_a_face_that_only_one_side_sees_lowers_the_agreement(tmp_path):
    extra = FaceBox(500, 250, 600, 350, 1.0)
    bench = measured(tmp_path / "a.mp4", baseline=lambda picture: [*paint(picture), extra], frames=32)
    assert bench.usable == Agreement(64, 32, 32, 32)
    assert bench.usable.share == 0.5


def test_the_figures_are_printed_for_machines_and_for_people(bench):
    fields = json.loads(json.dumps(bench_extract._as_fields(bench)))
    assert fields["agreement"] == 1.0
    assert fields["ratio"] == pytest.approx(bench.ratio)
    text = bench_extract._as_text(bench)
    assert "32 frames" in text
    assert "32 of 32 found" in text


def test_the_clip_made_on_the_spot_is_1080p_and_moves():
    frames = bench_extract._clip_frames()
    first, second = next(frames), next(frames)
    assert first.shape == (1080, 1920, 3)
    assert (first != second).any()
