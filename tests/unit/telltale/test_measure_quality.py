"""Limits and rates are those of what was measured, and a changed crop keeps its face in its box."""

import numpy as np
import pytest

from contracts.clips import FaceBox, FaceCrop
from ingest.quality import FaceLook, face_of, look_of
from ingest.quality_reference import quality_reference
from telltale.changed_copies import RUINED, USUAL, Change
from telltale.measure_quality import AS_IS, Faces, changed, face_limits, stopped_faces
from tests.support.media import astronaut

CHANGES = {change.name: change for change in (*USUAL, *RUINED)}


def a_clip(*sharpness: float, variant: str = AS_IS) -> Faces:
    looks = tuple(FaceLook(sharpness=value, luma_range=0.5, clipped_share=0.0) for value in sharpness)
    return Faces(variant=variant, looks=looks)


def test_every_face_counts_by_itself():
    limits = face_limits([a_clip(*range(10, 110)), a_clip(*range(110, 211))])
    assert limits["sharpness"].n == 201
    assert limits["sharpness"].p1 == pytest.approx(12)


def test_a_clip_is_stopped_when_most_of_its_faces_lie_beyond_the_limit():
    reference = quality_reference().model_copy(update=face_limits([a_clip(*range(10, 211))]))
    clips = [
        a_clip(1.0, 1.0, 50.0),
        a_clip(1.0, 50.0, 50.0),
        a_clip(variant="nobody in it"),
        a_clip(9.0, variant="soft"),
    ]
    told = [(row.variant, row.items, row.stopped) for row in stopped_faces(reference, clips)]
    assert told == [(AS_IS, 2, 1), ("soft", 1, 1)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=lambda change: change.name)
def test_a_changed_crop_shows_the_same_face_less_well(change: Change):
    crop = FaceCrop(np.ascontiguousarray(astronaut()[0:220, 110:330]), FaceBox(50, 60, 170, 180, 1.0), 0, 0.0, 0)
    after = changed(crop, change)
    by = after.pixels.shape[0] / crop.pixels.shape[0]
    assert face_of(after).shape[0] == pytest.approx(120 * by, abs=1)
    assert look_of(face_of(after)).sharpness < look_of(face_of(crop)).sharpness


def test_the_shipped_limits_lie_where_genuine_faces_hardly_do():
    reference = quality_reference()
    assert reference.sharpness.p1 < reference.sharpness.p50
    assert reference.luma_range.p1 < reference.luma_range.p50
    assert {row.variant for row in reference.faces_stopped} >= {AS_IS, *CHANGES}
    assert {row.variant for row in reference.files_stopped} >= {AS_IS, "CRF 48"}
