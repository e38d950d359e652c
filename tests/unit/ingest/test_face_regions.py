import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clips import FaceBox
from ingest.face_regions import REGION_PX, Region
from ingest.face_tracks import overlap
from tests.support.media import PAINT, PaintLocator, painted


@given(left=st.integers(-40, 1250), top=st.integers(-40, 690), side=st.integers(12, 500), drift_px=st.floats(0, 300))
def test_a_region_is_always_a_small_square_picture(left, top, side, drift_px):
    region = Region.around(FaceBox(left, top, left + side, top + side, 1.0), drift_px)
    assert region.cut(painted(1280, 720)).shape == (REGION_PX, REGION_PX, 3)


@pytest.mark.parametrize("side", [24, 56, 100, 300])
@pytest.mark.parametrize(("left", "top"), [(400, 300), (0, 0), (900, 400)])
def test_a_face_is_found_in_its_region_and_brought_back(left, top, side):
    face = FaceBox(left, top, left + side, top + side, 1.0)
    region = Region.around(face, drift_px=0.0)
    (found,) = PaintLocator().locate([region.cut(painted(1280, 720, (left, top, side)))])[0]
    assert overlap(region.back(found), face) > 0.85


def test_what_lies_outside_of_the_frame_is_black():
    picture = painted(100, 100)
    picture[:] = PAINT
    region = Region.around(FaceBox(0, 0, 40, 40, 1.0), drift_px=0.0)
    small = region.cut(picture)
    assert (small[0, 0] == 0).all()
    assert (small[-1, -1] == PAINT).all()
