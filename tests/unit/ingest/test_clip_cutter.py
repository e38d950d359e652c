import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clips import FaceBox
from contracts.demands import CropDemand
from contracts.vocabulary import MediaKind, Reason
from ingest.clip_cutter import ClipCutter, CutCrop, chunk_of, cut_crop
from ingest.decoded import SampledFrame
from ingest.sampling import SamplingPlan

NOISE = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)


def a_frame(pts_s=0.0):
    return SampledFrame(NOISE, pts_s, round(pts_s * 25), {0: round(pts_s * 25)})


def a_cutter(*, plan_position=0, most_open_bytes=2**30, burst_frames=0, **demand):
    plan = SamplingPlan(25.0, 1, burst_frames, 1.0 if burst_frames else None)
    return ClipCutter(CropDemand(detector="d", **demand), plan, plan_position, most_open_bytes)


class Feed:
    """Gives frames to cutters: each is a mapping from the tracks that are seen to the height of their faces."""

    def __init__(self, *cutters):
        self.cutters = cutters
        self.crops = 0

    def see(self, number, faces, *, plans=(0,)):
        cuts = []
        for track_id, height in faces.items():
            box = FaceBox(50, 40, 50 + height, 40 + height, 1.0)
            crop = cut_crop(a_frame(number / 25), box, margin=0.0, track_id=track_id)
            cuts.append(CutCrop(crop, self.crops))
            self.crops += 1
        for cutter in self.cutters:
            cutter.take(dict.fromkeys(plans, number), cuts)

    def all(self, frames, *, chunk_frames=10**9):
        """What every chunk holds; frames are (number, faces)."""
        chunks = []
        for count, (number, faces) in enumerate(frames, 1):
            self.see(number, faces)
            if count % chunk_frames == 0:
                chunks.append(chunk_of(self.cutters))
        for cutter in self.cutters:
            cutter.finish()
        return [*chunks, chunk_of(self.cutters)]


def clips_in(chunks, name="d"):
    """Every clip as its number, track and the frame indices of its crops."""
    return [
        (ref.clip_index, ref.track_id, tuple(crops[p].frame_index for p in ref.crops))
        for crops, clips in chunks
        for ref in clips.get(name, ())
    ]


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


def test_a_crop_knows_where_it_was_in_its_frame():
    crop = cut_crop(a_frame(), FaceBox(100, 80, 140, 130, 1.0), margin=0.5, track_id=3)
    assert crop.origin == (75, 55)
    assert cut_crop(a_frame(), FaceBox(3, 2, 43, 42, 1.0), margin=0.5, track_id=3).origin == (0, 0)


def test_single_crops_are_clips_in_the_order_of_time():
    chunks = Feed(a_cutter()).all([(0, {1: 60, 0: 60}), (1, {0: 60})])
    assert clips_in(chunks) == [(0, 0, (0,)), (1, 1, (0,)), (2, 0, (1,))]
    crops, clips = chunks[0]
    assert [ref.crops for ref in clips["d"]] == [(1,), (0,), (2,)]
    assert [crop.track_id for crop in crops] == [1, 0, 0]


def test_clip_numbers_go_on_over_chunks_and_batches_count_chunks_with_clips():
    cutter = a_cutter()
    chunks = Feed(cutter).all([(0, {0: 60}), (1, {0: 60}), (2, {}), (3, {}), (4, {0: 60})], chunk_frames=2)
    assert clips_in(chunks) == [(0, 0, (0,)), (1, 0, (1,)), (2, 0, (4,))]
    assert (cutter.expected.batches, cutter.expected.clips, cutter.expected.sampled_frames) == (2, 3, 5)


def test_longer_clips_group_one_track_and_drop_what_is_left():
    cutter = a_cutter(clip_length=2)
    chunks = Feed(cutter).all([(n, {0: 60, 1: 60}) for n in range(5)])
    assert clips_in(chunks) == [(0, 0, (0, 1)), (1, 1, (0, 1)), (2, 0, (2, 3)), (3, 1, (2, 3))]
    assert (chunks[0][1]["d"][0].start_s, chunks[0][1]["d"][0].end_s) == (0.0, 0.04)
    assert cutter.crops_dropped == 2


def test_only_frames_of_the_own_plan_and_faces_of_the_own_size_are_used():
    cutter = a_cutter(min_face_px=48)
    feed = Feed(cutter)
    feed.see(0, {0: 60})
    feed.see(1, {0: 60}, plans=(1,))
    feed.see(1, {0: 30})
    cutter.finish()
    assert clips_in([chunk_of([cutter])]) == [(0, 0, (0,))]


def test_a_clip_that_a_chunk_cannot_fill_is_carried_into_the_next():
    single = a_cutter()
    triple = ClipCutter(CropDemand(detector="t", clip_length=3, margin=0.0), SamplingPlan(25.0, 1), 0)
    chunks = Feed(single, triple).all([(n, {0: 60}) for n in range(6)], chunk_frames=2)
    assert clips_in(chunks) == [(n, 0, (n,)) for n in range(6)]
    assert clips_in(chunks, "t") == [(0, 0, (0, 1, 2)), (1, 0, (3, 4, 5))]
    assert [[crop.frame_index for crop in crops] for crops, _ in chunks] == [[0, 1], [0, 1, 2, 3], [3, 4, 5], []]


def test_what_a_track_leaves_behind_is_a_clip_when_it_is_long_enough():
    cutter = a_cutter(clip_length=4, shortest_clip=2)
    seen = [{0: 60, 1: 60}, {0: 60, 1: 60}, {0: 60}, {}, {2: 60}, {0: 60}, {0: 60}, {0: 60}, {0: 60}, {0: 60}]
    chunks = Feed(cutter).all(enumerate(seen))
    assert clips_in(chunks) == [(0, 1, (0, 1)), (1, 0, (0, 1, 2)), (2, 0, (5, 6, 7, 8))]
    assert cutter.crops_dropped == 2
    assert cutter.longest_run == 4


def test_a_face_that_is_too_small_for_a_while_is_not_bridged():
    chunks = Feed(a_cutter(clip_length=4, shortest_clip=1, min_face_px=48)).all(
        enumerate([{0: 60}, {0: 40}, {0: 60}, {0: 60}])
    )
    assert clips_in(chunks) == [(0, 0, (0,)), (1, 0, (2, 3))]


def test_bursts_are_not_mixed_and_end_with_their_last_frame():
    cutter = a_cutter(clip_length=3, shortest_clip=2, clip_every_s=1.0, burst_frames=3)
    feed = Feed(cutter)
    for number, faces in [(0, {}), (1, {0: 60}), (2, {0: 60})]:
        feed.see(number, faces)
    assert clips_in([chunk_of([cutter])]) == [(0, 0, (1, 2))]
    for number, faces in [(4, {0: 60}), (5, {0: 60}), (6, {0: 60}), (8, {0: 60}), (9, {0: 60})]:
        feed.see(number, faces)
    cutter.finish()
    assert clips_in([chunk_of([cutter])]) == [(1, 0, (4, 5, 6)), (2, 0, (8, 9))]


def test_unfinished_clips_stay_within_their_bytes():
    cutter = a_cutter(clip_length=100, shortest_clip=3, most_open_bytes=10 * 60 * 60 * 3)
    chunks = Feed(cutter).all((n, {0: 60, 1: 50}) for n in range(20))
    assert {track for _, track, _ in clips_in(chunks)} == {0, 1}
    assert sum(len(frames) for _, _, frames in clips_in(chunks)) + cutter.crops_dropped == 40
    assert max(len(frames) for _, _, frames in clips_in(chunks)) <= 10


SEEN = st.lists(st.dictionaries(st.integers(0, 3), st.sampled_from([40.0, 60.0]), max_size=4), max_size=60)
DEMANDS = st.builds(
    lambda length, shortest, burst: {
        "clip_length": length,
        "shortest_clip": min(length, shortest),
        "min_face_px": 48,
        **({"clip_every_s": 1.0, "burst_frames": length} if burst else {}),
    },
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
)


def numbered(seen, demand):
    """The frames of a plan with their numbers; a burst skips one."""
    burst = demand.get("burst_frames", 10**9)
    return [(n // burst * (burst + 1) + n % burst, faces) for n, faces in enumerate(seen)]


@given(seen=SEEN, chunk_frames=st.integers(1, 20))
def test_a_frame_detector_gets_every_usable_crop_once(seen, chunk_frames):
    chunks = Feed(a_cutter(min_face_px=48)).all(enumerate(seen), chunk_frames=chunk_frames)
    usable = [(n, track) for n, faces in enumerate(seen) for track in sorted(faces) if faces[track] >= 48]
    assert clips_in(chunks) == [(i, track, (n,)) for i, (n, track) in enumerate(usable)]


@given(seen=SEEN, demand=DEMANDS, chunk_frames=st.integers(1, 20))
def test_the_clips_do_not_depend_on_the_chunks(seen, demand, chunk_frames):
    frames = numbered(seen, demand)
    whole, parted = a_cutter(**demand), a_cutter(**demand)
    assert clips_in(Feed(whole).all(frames)) == clips_in(Feed(parted).all(frames, chunk_frames=chunk_frames))
    assert whole.crops_dropped == parted.crops_dropped


@given(seen=SEEN, demand=DEMANDS, chunk_frames=st.integers(1, 20))
def test_sequence_clips_follow_their_grid_and_lose_nothing_they_could_use(seen, demand, chunk_frames):
    cutter, frames = a_cutter(**demand), numbered(seen, demand)
    clips = clips_in(Feed(cutter).all(frames, chunk_frames=chunk_frames))
    assert [number for number, _, _ in clips] == list(range(len(clips)))
    for _, track, numbers in clips:
        assert demand["shortest_clip"] <= len(numbers) <= demand["clip_length"]
        assert list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
        assert all(dict(frames)[number][track] >= 48 for number in numbers)
    used = [(track, number) for _, track, numbers in clips for number in numbers]
    usable = sum(height >= 48 for _, faces in frames for height in faces.values())
    assert len(used) == len(set(used)) == usable - cutter.crops_dropped
    if demand["shortest_clip"] == 1:
        assert cutter.crops_dropped == 0


def a_box(height):
    return FaceBox(0, 0, height, height, 1.0)


@pytest.mark.parametrize(
    ("demand", "heights", "reason", "words"),
    [
        ({}, [], Reason.NO_FACE, "no face in 7 sampled frames"),
        ({"min_face_px": 80}, [20, 41], Reason.FACE_TOO_SMALL, "largest face 41 px high, needed 80"),
        ({"kinds": (MediaKind.IMAGE,)}, [100], Reason.POLICY_SKIPPED, "looks at images only"),
        ({"clip_length": 8}, [100], Reason.TOO_FEW_FACE_FRAMES, "8 sampled frames one after another"),
        ({"clip_length": 8, "shortest_clip": 6}, [100], Reason.TOO_FEW_FACE_FRAMES, "6 sampled frames one after"),
    ],
)
def test_why_a_detector_gets_nothing(demand, heights, reason, words):
    cutter = a_cutter(**demand)
    for height in heights:
        cutter.wants(a_box(height), {0: 0})
    problem = cutter.why_nothing(MediaKind.VIDEO, 7)
    assert problem is not None
    assert problem.reason == reason
    assert words in problem.detail


def test_a_detector_that_got_clips_has_no_problem():
    cutter = a_cutter()
    Feed(cutter).all([(0, {0: 60})])
    assert cutter.why_nothing(MediaKind.VIDEO, 1) is None


def test_the_longest_run_is_said_where_none_was_long_enough():
    cutter = a_cutter(clip_length=8)
    cutter.wants(a_box(100), {0: 0})
    Feed(cutter).all([(0, {0: 60}), (1, {0: 60}), (2, {0: 60})])
    problem = cutter.why_nothing(MediaKind.VIDEO, 3)
    assert problem is not None
    assert problem.detail.endswith("3 sampled frames at most")
