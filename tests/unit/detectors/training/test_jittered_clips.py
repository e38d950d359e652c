"""A tool's mask trembles as its face finder errs: as much as asked for, drifting or not, and the same for one seed."""

from itertools import pairwise

import numpy as np
import pytest

from detectors.training.families.jittered_clips import forge_clip, trembling
from detectors.training.families.mouth_replacement import replace_mouth
from tests.support.portraits import a_face

FACE, DONOR = a_face(seed=1), a_face(seed=2)
CLIP = [FACE] * 400


def errors(**wish: float) -> np.ndarray:
    """n x 5 x 2: how far each landmark is off, in shares of the face."""
    found = trembling(CLIP, np.random.default_rng(4), **wish)
    return np.array([(face.landmarks - FACE.landmarks) / FACE.size_px for face in found])


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_landmarks_are_off_by_the_share_asked_for_from_start_to_end(memory: float):
    off = errors(share=0.02, memory=memory)
    assert off.std() == pytest.approx(0.02, rel=0.15)
    assert off[200:].std() == pytest.approx(off[:200].std(), rel=0.3)


def test_memory_makes_errors_drift():
    trembles, drifts = (
        float(np.mean([np.abs(after - before).mean() for before, after in pairwise(errors(share=0.02, memory=memory))]))
        for memory in (0.0, 0.9)
    )
    assert drifts < 0.5 * trembles


def test_a_tremble_must_make_sense():
    for share, memory in ((-0.1, 0.0), (0.1, 1.0)):
        with pytest.raises(ValueError, match="no tremble"):
            next(trembling(CLIP, np.random.default_rng(0), share=share, memory=memory))


def test_one_tool_treats_all_frames_alike_and_its_mask_moves_only_when_it_trembles():
    still, again, shaken = (
        [face.pixels for face in forge_clip(CLIP[:6], DONOR, replace_mouth, seed=3, jitter=jitter)]
        for jitter in (0.0, 0.0, 0.03)
    )
    assert all((one == still[0]).all() for one in still[1:])
    np.testing.assert_array_equal(still, again)
    assert all((one != shaken[0]).any() for one in shaken[1:])
    forged = np.abs(np.array(shaken, int) - FACE.pixels).mean(axis=(0, 3))
    assert float(forged[80:97, 45:75].mean()) > 2.0
    assert float(forged[:30].mean()) < 1.0
