import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clips import FaceBox
from contracts.demands import CropDemand
from contracts.vocabulary import MediaKind, Reason
from ingest.clip_cutter import ClipCutter, CutCrop, cut_crop
from ingest.decoded import SampledFrame

NOISE = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)


def a_frame(pts_s=0.0, wanted_by=(0,)):
    return SampledFrame(NOISE, pts_s, round(pts_s * 25), wanted_by)


def a_cut(pts_s=0.0, *, track_id=0, height=60.0, wanted_by=(0,)):
    box = FaceBox(50, 40, 50 + height, 40 + height, 1.0)
    return CutCrop(cut_crop(a_frame(pts_s), box, margin=0.3, track_id=track_id), wanted_by)


def a_cutter(**demand):
    return ClipCutter(CropDemand(detector="d", **demand), rate_position=0)


def test_a_crop_is_the_very_pixels_with_the_margin_around():
    crop = cut_crop(a_frame(), FaceBox(100, 80, 140, 130, 1.0, ((110.0, 90.0),)), margin=0.5, track_id=3)
    assert (crop.pixels == NOISE[55:155, 75:165]).all()
    assert (crop.box.left, crop.box.top, crop.box.right, crop.box.bottom) == (25, 25, 65, 75)
    assert crop.box.landmarks == ((35.0, 35.0),)
    assert crop.track_id == 3


@given(
    left=st.floats(-20, 290),
    top=st.floats(-20, 190),
    width=st.floats(15, 400),
    height=st.floats(15, 400),
    margin=st.floats(0, 2),
)
def test_a_crop_never_invents_pixels(left, top, width, height, margin):
    box = (
        FaceBox(max(0.0, left), max(0.0, top), min(300.0, left + width), min(200.0, top + height), 1.0)
        if (min(300.0, left + width) - max(0.0, left) > 2 and min(200.0, top + height) - max(0.0, top) > 2)
        else FaceBox(0, 0, 10, 10, 1.0)
    )
    crop = cut_crop(a_frame(), box, margin=margin, track_id=0)
    height_px, width_px = crop.pixels.shape[:2]
    assert height_px <= 200
    assert width_px <= 300
    assert 0 <= crop.box.left < crop.box.right <= width_px
    assert crop.box.width_px == pytest.approx(box.width_px)


def test_single_crops_are_clips_in_the_order_of_time():
    cutter = a_cutter()
    refs = cutter.cut([a_cut(0.0), a_cut(0.0, track_id=1), a_cut(1.0)])
    assert [(ref.clip_index, ref.track_id, ref.crops) for ref in refs] == [(0, 0, (0,)), (1, 1, (1,)), (2, 0, (2,))]


def test_clip_numbers_go_on_over_chunks_and_batches_count_chunks_with_clips():
    cutter = a_cutter()
    cutter.cut([a_cut(0.0), a_cut(1.0)])
    cutter.cut([])
    assert cutter.cut([a_cut(2.0)])[0].clip_index == 2
    assert (cutter.expected.batches, cutter.expected.clips) == (2, 3)


def test_longer_clips_group_one_track_and_drop_what_is_left():
    cuts = [a_cut(n / 10, track_id=n % 2) for n in range(10)]
    refs = a_cutter(clip_length=2).cut(cuts)
    assert [(ref.track_id, ref.crops) for ref in refs] == [(0, (0, 2)), (1, (1, 3)), (0, (4, 6)), (1, (5, 7))]
    assert (refs[0].start_s, refs[0].end_s) == (0.0, 0.2)


def test_only_frames_of_the_own_rate_and_faces_of_the_own_size_are_used():
    cuts = [a_cut(0.0), a_cut(1.0, wanted_by=(1,)), a_cut(2.0, height=30.0)]
    assert [ref.crops for ref in a_cutter(min_face_px=48).cut(cuts)] == [(0,)]


def a_box(height):
    return FaceBox(0, 0, height, height, 1.0)


@pytest.mark.parametrize(
    ("demand", "heights", "reason", "words"),
    [
        ({}, [], Reason.NO_FACE, "no face in 7 sampled frames"),
        ({"min_face_px": 80}, [20, 41], Reason.FACE_TOO_SMALL, "largest face 41 px high, needed 80"),
        ({"kinds": (MediaKind.IMAGE,)}, [100], Reason.POLICY_SKIPPED, "looks at images only"),
        ({"clip_length": 8}, [100], Reason.TOO_FEW_FACE_FRAMES, "8 sampled frames"),
    ],
)
def test_why_a_detector_gets_nothing(demand, heights, reason, words):
    cutter = a_cutter(**demand)
    for height in heights:
        cutter.wants(a_box(height), (0,))
    problem = cutter.why_nothing(MediaKind.VIDEO, 7)
    assert problem is not None
    assert problem.reason == reason
    assert words in problem.detail


def test_a_detector_that_got_clips_has_no_problem():
    cutter = a_cutter()
    cutter.cut([a_cut()])
    assert cutter.why_nothing(MediaKind.VIDEO, 1) is None
