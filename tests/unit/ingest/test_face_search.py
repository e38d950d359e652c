import gc
import weakref
from collections import Counter

import numpy as np
import pytest

from contracts.clips import FaceBox
from ingest.decoded import SampledFrame
from ingest.face_search import FaceSearch, SearchRules
from tests.support.media import PaintLocator, painted

RULES = SearchRules(long_side_px=640, every=4, max_faces=16)


def frames(pictures, period_s):
    for index, pixels in enumerate(pictures):
        yield SampledFrame(pixels, index * period_s, index, {0: index})


def search(pictures, *, locator=None, rules=RULES, period_s=0.2):
    counts = Counter()
    locator = locator or PaintLocator()

    def count(kind, amount):
        counts[kind] += amount

    return list(FaceSearch(locator, rules, count).located(frames(pictures, period_s))), counts


def lefts(located):
    return [[round(box.left) for box in one.boxes] for one in located]


def drifting(count, *, step=4, side=90, width=1280, height=720):
    return [painted(width, height, (100 + step * n, 200, side)) for n in range(count)]


def test_every_kth_frame_is_searched_and_the_face_followed_between():
    located, counts = search(drifting(33))
    assert [one.searched for one in located] == [n % 4 == 0 for n in range(33)]
    assert counts == {"full": 9, "followed": 24}
    for n, one in enumerate(located):
        assert one.boxes[0].left == pytest.approx(100 + 4 * n, abs=2.5)
        assert one.boxes[0].width_px == pytest.approx(90, abs=4)


def test_densely_sampled_frames_are_searched_twice_a_second():
    located, counts = search(drifting(76, step=3), period_s=1 / 30)
    assert [n for n, one in enumerate(located) if one.searched] == [0, 15, 30, 45, 60, 75]
    assert counts == {"full": 6, "followed": 70}
    for n, one in enumerate(located):
        assert one.boxes[0].left == pytest.approx(100 + 3 * n, abs=2.5)


def test_after_a_pause_of_the_sampling_faces_are_expected_by_the_time():
    """Two frames, then three much later and close together: the face has moved on during the pause."""
    times_s = [0.0, 0.04, 3.0, 3.04, 3.08, 3.12]
    lefts_px = [100 + round(68 * at_s) for at_s in times_s]
    pictures = [painted(1280, 720, (left, 200, 90)) for left in lefts_px]
    given = [
        SampledFrame(pixels, at_s, n, {0: n}) for n, (pixels, at_s) in enumerate(zip(pictures, times_s, strict=True))
    ]
    located = list(FaceSearch(PaintLocator(), RULES).located(given))
    assert [one.searched for one in located] == [True, False, False, False, True, True]
    assert lefts(located) == [pytest.approx([left], abs=3) for left in lefts_px]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 17, 18])
def test_every_frame_comes_back_once_in_order_with_its_face(count):
    located, _ = search(drifting(count))
    assert [one.frame.frame_index for one in located] == list(range(count))
    assert all(len(one.boxes) == 1 for one in located)
    assert located[-1].searched


def test_no_frames_no_answer():
    assert search([])[0] == []


def test_a_fast_face_is_found_between_the_anchors():
    located, _ = search(drifting(9, step=110))
    assert all(len(one.boxes) == 1 for one in located)


def test_a_face_that_comes_between_two_anchors_is_found_at_once():
    pictures = [painted(1280, 720, *([(300, 200, 120)] if n >= 6 else [])) for n in range(9)]
    located, counts = search(pictures)
    assert [len(one.boxes) for one in located] == [0] * 6 + [1] * 3
    assert counts["full"] > 3


def test_a_lost_face_makes_the_frame_a_full_search():
    """Straight on between the anchors, but for one frame in which it is somewhere else."""
    pictures = [painted(1280, 720, (900 if n == 2 else 100, 200, 90)) for n in range(5)]
    located, _ = search(pictures)
    assert [one.searched for one in located] == [True, False, True, False, True]
    assert lefts(located)[2] == pytest.approx([900], abs=3)


def test_a_cut_is_searched_on_both_sides():
    one = [painted(1280, 720, (100, 200, 90)) for _ in range(6)]
    other = [255 - painted(1280, 720) for _ in range(6)]
    for picture in other:
        picture[400:520, 900:1020] = (255, 0, 255)
    located, _ = search(one + other)
    assert [n for n, frame in enumerate(located) if frame.after_cut] == [6]
    assert located[5].searched
    assert located[6].searched
    assert lefts(located) == [pytest.approx([100], abs=3)] * 6 + [pytest.approx([900], abs=3)] * 6


def test_the_search_runs_on_a_shrunken_copy():
    locator = PaintLocator()
    search(drifting(1, width=1920, height=1080), locator=locator)
    assert locator.searched == [(360, 640)]


def test_small_pictures_are_not_enlarged():
    locator = PaintLocator()
    search([painted(200, 100, (10, 10, 40))], locator=locator)
    assert locator.searched == [(100, 200)]


def test_faces_too_small_for_the_shrunken_copy_are_found_on_a_second_look():
    locator = PaintLocator(least_px=20)
    pictures = [painted(1920, 1080, (500, 300, 40)) for _ in range(9)]
    located, _ = search(pictures, locator=locator)
    assert all(len(one.boxes) == 1 for one in located[4:])
    assert located[0].boxes[0].left == pytest.approx(500, abs=3)
    assert (900, 1600) in locator.searched


def test_second_looks_become_rare_when_there_is_nothing_to_see():
    locator = PaintLocator()
    search([painted(1920, 1080) for _ in range(120)], locator=locator)
    looks = [shape for shape in locator.searched if shape == (900, 1600)]
    assert len(looks) == 5  # searches 1, 2, 4, 8, 16 of 31


def test_more_faces_than_the_cap_are_counted_and_the_largest_kept():
    places = [(20 + 100 * (n % 6), 20 + 100 * (n // 6), 40 + n) for n in range(30)]
    located, _ = search([painted(640, 560, *places)])
    assert located[0].faces_found == 30
    assert len(located[0].boxes) == 16
    assert min(box.width_px for box in located[0].boxes) >= 52


def test_an_unsure_face_is_none():
    class Unsure(PaintLocator):
        def locate(self, pictures, *, min_face_px=None):
            return [[FaceBox(10, 10, 60, 60, 0.5)] for _ in pictures]

    assert lefts(search(drifting(3), locator=Unsure())[0]) == [[], [], []]


def test_a_window_of_frames_is_held_and_no_more():
    """Memory does not grow with the length of the video: frames are let go as they are answered."""
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def endless(count):
        nonlocal most
        for n in range(count):
            frame = SampledFrame(painted(320, 180, (40 + n % 50, 40, 60)), n / 10, n, {0: n})
            alive.add(frame)
            most = max(most, len(alive))
            yield frame

    def peak(count):
        nonlocal most
        most = 0
        gc.collect()
        for _ in FaceSearch(PaintLocator(), RULES).located(endless(count)):
            pass
        return most

    assert peak(60) == peak(600) <= RULES.every + 3


def test_huge_frames_make_small_windows(monkeypatch):
    monkeypatch.setattr("ingest.face_search._GAP_BYTES", 1 * 320 * 180 * 3)
    located, counts = search([painted(320, 180, (40 + n, 40, 60)) for n in range(20)])
    assert all(len(one.boxes) == 1 for one in located)
    assert counts["full"] == 20


def test_the_same_frames_give_the_same_boxes():
    pictures = [np.roll(picture, n * n % 13, axis=0) for n, picture in enumerate(drifting(20))]
    assert [one.boxes for one in search(pictures)[0]] == [one.boxes for one in search(pictures)[0]]
