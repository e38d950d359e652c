"""The shipped weights on real footage of sources that they never saw: manipulated faces score above genuine ones."""

from pathlib import Path

import numpy as np
import pytest

import detectors
from contracts.clips import FaceClip
from detectors.calibration import logit, pooled
from detectors.detector import Detector
from detectors.training.face_store import ClipFaces, PortraitFaces, search_clips, search_portraits
from detectors.training.faces import LocatedFace
from detectors.training.measuring.forged_clips import forged
from detectors.training.people import read_portraits
from tests.support.parts import MEDIA

pytestmark = pytest.mark.media

CLIPS = ("OpenTalker__SadTalker__WDA_KatieHill_000", "bytedance__LatentSync__demo1_video")
FRAMES = 4


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the faces of a few frames of two clips and of a few portraits to borrow faces from."""
    folder = tmp_path_factory.mktemp("cache")
    list(search_clips([MEDIA / "real" / f"{name}.mp4" for name in CLIPS], folder, frames=FRAMES))
    list(search_portraits(read_portraits(MEDIA / "portraits")[:12], folder))
    return folder


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return detectors.create("telltale", weights=tmp_path_factory.mktemp("weights"))


def score(detector: Detector, faces: list[LocatedFace]) -> float:
    """The pooled raw score of faces of one track."""
    crops = [face.as_crop(frame_index=at, pts_s=float(at)) for at, face in enumerate(faces)]
    return pooled(detector.score([FaceClip("item", at, (crop,)) for at, crop in enumerate(crops)]))


@pytest.mark.parametrize("name", CLIPS)
def test_a_swapped_clip_scores_well_above_the_genuine_one(name: str, detector: Detector, cache: Path):
    faces = ClipFaces([name], cache).of(name)
    assert len(faces) == FRAMES
    donors = PortraitFaces(read_portraits(MEDIA / "portraits")[:12], cache)
    donor = donors.closest_in_pose(faces[0].landmarks, list(range(len(donors))), other_than=name)
    genuine = score(detector, faces)
    swapped = [score(detector, list(forged(faces, donor, "face_swap", seed=seed))) for seed in range(4)]
    assert np.median([logit(raw) for raw in swapped]) > logit(genuine) + 1.0


@pytest.mark.parametrize("name", CLIPS)
def test_genuine_footage_of_unseen_sources_raises_no_alarm(name: str, detector: Detector, cache: Path):
    card = detectors.card("telltale")
    assert card.calibration is not None
    assert card.thresholds is not None
    raw = score(detector, ClipFaces([name], cache).of(name))
    assert card.calibration.probability(raw) < card.thresholds.upper
