"""The rules around the networks, with networks that say what a test wants them to say."""

import math

import numpy as np
import pytest

from contracts.clips import FaceBox
from ingest.face_locators.dsfd import NTECH, DsfdRules, dsfd_faces, dsfd_locator
from ingest.face_locators.one_pass import OnePassFaceLocator, PriorsDoNotFit, in_passes
from ingest.face_locators.priors import dsfd_priors, retinaface_priors
from ingest.face_locators.retinaface import EIGHTEEN, WM, RetinaFaceRules, retinaface_faces, retinaface_locator


def a_picture(height, width, colour=(10, 20, 30)):
    return np.full((height, width, 3), colour, dtype=np.uint8)


class Saying:
    """A network that gives these chances to these priors, and nothing to the others; remembers what it saw."""

    def __init__(self, priors_of, chances, *, columns=16, boxes=None):
        self.priors_of, self.chances, self.columns, self.boxes = priors_of, chances, columns, boxes or {}
        self.seen = []

    def __call__(self, batch):
        self.seen.append(batch)
        numbers = np.zeros((len(batch), len(self.priors_of(*batch.shape[2:])), self.columns))
        for row, chance in self.chances.items():
            numbers[:, row, 5] = chance
            numbers[:, row, :4] = self.boxes.get(row, (0, 0, 0, 0))
        return numbers


def edges(box):
    return box.left, box.top, box.right, box.bottom


def test_pictures_enter_as_bgr_less_the_mean_and_channels_first():
    network = Saying(retinaface_priors, {})
    retinaface_faces([a_picture(16, 24)] * 2, predict=network, rules=WM)
    assert network.seen[0].shape == (2, 3, 16, 24)
    assert network.seen[0].dtype == np.float32
    assert network.seen[0][1, :, 0, 0].tolist() == [30 - 104, 20 - 117, 10 - 123]


def test_wm_keeps_every_likely_box_in_the_order_of_the_priors():
    network = Saying(retinaface_priors, {0: 0.85, 1: 0.95, 2: 0.9, 7: 0.8})
    (found,) = retinaface_faces([a_picture(64, 64)], predict=network, rules=WM)
    assert [box.confidence for box in found] == pytest.approx([0.85, 0.95, 0.9])  # 0.8 itself is not enough
    assert edges(found[0]) == pytest.approx((-4, -4, 12, 12))
    assert edges(found[1]) == pytest.approx((-12, -12, 20, 20))
    np.testing.assert_allclose(found[0].landmarks, [(4, 4)] * 5)


def test_eighteen_brings_the_short_side_to_400_and_cuts_fractions_off():
    network = Saying(retinaface_priors, {0: 0.9, 2: 0.79})
    (found,) = retinaface_faces([a_picture(100, 150)], predict=network, rules=EIGHTEEN)
    assert network.seen[0].shape == (1, 3, 400, 600)
    assert [edges(box) for box in found] == [(-1.0, -1.0, 3.0, 3.0)]  # -4..12 px of the enlarged picture, by 4


def test_eighteen_limits_the_long_side():
    network = Saying(retinaface_priors, {})
    retinaface_faces([a_picture(100, 1000)], predict=network, rules=EIGHTEEN)
    assert network.seen[0].shape == (1, 3, 215, 2150)


def test_eighteen_puts_overlapping_boxes_aside_the_surest_first():
    # prior 0 and 2 are 8 px apart, 16 wide: they share 128 of 384; prior 0 and the one below likewise
    network = Saying(retinaface_priors, {0: 0.9, 1: 0.85, 2: 0.95})
    rules = RetinaFaceRules(least_confidence=0.02, most_overlap=0.3)
    (found,) = retinaface_faces([a_picture(64, 64)], predict=network, rules=rules)
    assert [box.confidence for box in found] == pytest.approx([0.95, 0.85])


def test_priors_of_a_side_that_rounds_up_are_the_originals_failure():
    """A width that becomes 8 n + 0.6 pixels: n + 1 cells of what OpenCV makes, n of what the original counts with."""
    height, width = next(
        (301, width)
        for width in range(302, 2000)
        if round(width * 400 / 301) % 8 == 1 and int(width * 400 / 301) % 8 == 0
    )
    network = Saying(retinaface_priors, {0: 0.9})
    assert len(retinaface_faces([a_picture(height, width)], predict=network, rules=EIGHTEEN)[0]) == 1
    with pytest.raises(PriorsDoNotFit):
        retinaface_faces([a_picture(height, width)], predict=network, rules=EIGHTEEN, compat="original")


@pytest.mark.parametrize("shape", [(1, 1), (1, 6000), (6000, 1)])
def test_the_thinnest_pictures_are_scaled_too(shape):
    (found,) = retinaface_faces([a_picture(*shape)], predict=Saying(retinaface_priors, {}), rules=EIGHTEEN)
    assert found == []


def test_dsfd_brings_the_longer_side_to_512_and_pads_to_32():
    network = Saying(dsfd_priors, {}, columns=6)
    dsfd_faces([a_picture(90, 160)], predict=network, rules=NTECH)
    dsfd_faces([a_picture(70, 160)], predict=network, rules=NTECH)
    dsfd_faces([a_picture(70, 160)], predict=network, rules=DsfdRules(enlarge=False))
    assert [seen.shape[2:] for seen in network.seen] == [(288, 512), (224, 512), (96, 160)]
    assert not network.seen[2][0, :, 70:].any()  # filled up with the mean colour
    assert network.seen[2][0, :, 69].any()


def test_dsfd_boxes_are_shares_of_the_padded_picture_which_the_original_forgets():
    """64 x 96 pixels become 341 x 512, padded to 352: the original's boxes are 341/352 of the height they should be."""
    network = Saying(dsfd_priors, {-1: 0.9}, columns=6, boxes={-1: (0, 0, 5 * math.log(0.25), 5 * math.log(0.25))})
    (ours,), (theirs,) = (
        dsfd_faces([a_picture(64, 96)], predict=network, rules=NTECH, compat=compat)[0]
        for compat in ("corrected", "original")
    )
    # the last prior is clipped: centre (448, 320) of 512 x 352, size 1 x 1 in shares; a quarter of it is said
    assert ours.top == pytest.approx((320 - 44) / 341 * 64, rel=1e-5)
    assert ours.bottom == pytest.approx((320 + 44) / 341 * 64, rel=1e-5)
    assert theirs.top == pytest.approx((320 - 44) / 352 * 64, rel=1e-5)
    assert (theirs.left, theirs.right) == pytest.approx((ours.left, ours.right))
    assert ours.landmarks == ()


def test_dsfd_names_the_surest_first_and_ends_at_its_limit():
    network = Saying(dsfd_priors, {0: 0.4, 20: 0.9, 40: 0.3, 60: 0.31}, columns=6)
    (found,) = dsfd_faces([a_picture(512, 512)], predict=network, rules=NTECH)
    assert [box.confidence for box in found] == pytest.approx([0.9, 0.4, 0.31])


def test_dsfd_looks_at_the_likeliest_candidates_only():
    network = Saying(dsfd_priors, {0: 0.4, 20: 0.9, 60: 0.5}, columns=6)
    (found,) = dsfd_faces([a_picture(512, 512)], predict=network, rules=DsfdRules(candidates=2))
    assert [box.confidence for box in found] == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize("find", [retinaface_faces, dsfd_faces])
def test_another_count_of_priors_is_refused(find):
    rules = WM if find is retinaface_faces else NTECH
    with pytest.raises(PriorsDoNotFit, match="7 priors"):
        find([a_picture(64, 64)], predict=lambda batch: np.zeros((len(batch), 7, 16)), rules=rules)


def test_boxes_that_are_not_finite_are_left_out():
    network = Saying(retinaface_priors, {0: 0.9, 2: 0.9}, boxes={0: (0, 0, 1e5, 1e5), 2: (math.nan, 0, 0, 0)})
    assert retinaface_faces([a_picture(64, 64)], predict=network, rules=WM) == [[]]


def test_a_pass_holds_pictures_of_one_shape_and_no_more_pixels_than_it_may():
    passes = []

    def find(pictures):
        passes.append([picture.shape[:2] for picture in pictures])
        return [[FaceBox(0, 0, picture.shape[0], 1, 1.0)] for picture in pictures]

    shapes = [(10, 10), (20, 10), (10, 10), (10, 10), (500, 10)]
    found = in_passes([a_picture(*shape) for shape in shapes], find, most_pixels=250)
    assert passes == [[(10, 10), (10, 10)], [(10, 10)], [(20, 10)], [(500, 10)]]
    assert [boxes[0].right for boxes in found] == [10, 20, 10, 10, 500]


def locator_of(*boxes, **options):
    return OnePassFaceLocator(lambda pictures: [list(boxes) for _ in pictures], least_confidence=0.8, **options)


def test_the_locator_cuts_boxes_off_at_the_edge_and_sorts_by_what_is_left():
    outside, cut, whole = FaceBox(200, 0, 300, 90, 0.9), FaceBox(-80, 0, 20, 90, 0.9), FaceBox(30, 0, 60, 80, 0.9)
    (found,) = locator_of(outside, cut, whole).locate([a_picture(90, 100)])
    assert [edges(box) for box in found] == [(30, 0, 60, 80), (0, 0, 20, 90)]


def test_faces_are_as_large_as_their_longer_side():
    small, high = FaceBox(0, 0, 9, 9, 0.9), FaceBox(0, 0, 9, 10, 0.9)
    assert locator_of(small, high).locate([a_picture(50, 50)]) == [[high]]
    assert locator_of(small, high, min_face_px=5).locate([a_picture(50, 50)]) == [[high, small]]
    assert locator_of(small, high).locate([a_picture(50, 50)], min_face_px=11) == [[]]


def test_confirming_looks_around_the_box_only():
    """A face of 56 px in the middle of a region of 144 px: back in the frame it is where it was expected."""
    seen = []

    def find(pictures):
        seen.extend(picture.shape for picture in pictures)
        return [[FaceBox(44, 44, 100, 100, 0.9), FaceBox(0, 0, 20, 20, 0.99)] for _ in pictures]

    expected = FaceBox(200, 100, 312, 212, 1.0)
    (box,) = OnePassFaceLocator(find, least_confidence=0.8).confirm([a_picture(400, 600)], [expected])
    assert seen == [(144, 144, 3)]
    assert box is not None
    assert edges(box) == pytest.approx(edges(expected), abs=1.0)
    assert box.confidence == 0.9


@pytest.mark.parametrize(
    "found",
    [(), (FaceBox(0, 0, 20, 20, 0.99),), (FaceBox(44, 44, 100, 100, 0.7),)],
    ids=["nothing", "elsewhere", "unsure"],
)
def test_what_is_not_there_or_not_sure_is_not_confirmed(found):
    assert locator_of(*found).confirm([a_picture(400, 600)], [FaceBox(200, 100, 312, 212, 1.0)]) == [None]


def test_outside_the_picture_nothing_is_looked_for():
    locator = OnePassFaceLocator(lambda pictures: pytest.fail("asked"), least_confidence=0.8)
    assert locator.confirm([], []) == []
    assert locator_of(FaceBox(44, 44, 100, 100, 0.9)).confirm(
        [a_picture(100, 100)], [FaceBox(500, 500, 560, 560, 1.0)]
    ) == [None]


def test_both_families_are_face_locators():
    retinaface = retinaface_locator(Saying(retinaface_priors, {0: 0.9, 1: 0.6}))
    (found,) = retinaface.locate([a_picture(64, 64)])
    assert [box.confidence for box in found] == pytest.approx([0.6, 0.9])  # the larger one first
    dsfd = dsfd_locator(Saying(dsfd_priors, {0: 0.9}, columns=6))
    (found,) = dsfd.locate([a_picture(64, 64)])
    assert [edges(box) for box in found] == [pytest.approx((0, 0, 2 + 8 / 1.5**0.5, 2 + 8 * 1.5**0.5), abs=1e-3)]
