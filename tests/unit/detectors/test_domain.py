"""A reference tells known features from others, survives the disk, and is silent beside other weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import detectors
from detectors.across_devices import AcrossDevices
from detectors.detector import Finding, examined
from detectors.domain import DomainReference, domain_file, domain_note, fitting_reference, write_reference
from detectors.domain_features import LogitAndFeatures
from detectors.domain_reference import fitted
from detectors.frame_detector import FrameDetector
from detectors.promises import a_clip
from detectors.residence import WarmDetector
from tests.support.detectors import FakeDetector

SHA = "a" * 64


def known(count: int, *, seed: int = 0) -> np.ndarray:
    """Features with a few strong directions among forty."""
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 4)) @ random.normal(size=(4, 40)) * 3.0 + random.normal(size=(count, 40)) + 5.0


@pytest.fixture(scope="module")
def reference() -> DomainReference:
    return fitted(known(600), weights_sha256=SHA, command="a command", directions=4)


def test_one_in_a_hundred_known_faces_lies_beyond_the_limit(reference: DomainReference):
    share = float((reference.unfamiliarity(known(600)) > 1.0).mean())
    assert 0.0 < share < 0.03


def test_what_lies_off_the_known_directions_is_far(reference: DomainReference):
    here = known(50)
    along = here + 20.0 * reference.basis[0] * np.sqrt(reference.variances[0])
    off = np.random.default_rng(5).normal(size=40)
    off -= off @ reference.basis.T @ reference.basis
    assert (reference.unfamiliarity(along) > 1.0).all()
    assert (reference.unfamiliarity(here + 3.0 * off) > 1.0).all()


def test_too_few_faces_make_no_reference():
    with pytest.raises(ValueError, match="too few"):
        fitted(known(7), weights_sha256=SHA, command="", directions=4)


def test_a_reference_comes_back_from_disk_and_says_where_it_is_from(reference: DomainReference, tmp_path: Path):
    path = domain_file(tmp_path, "telltale")
    write_reference(reference, path)
    back = fitting_reference(tmp_path, "telltale", SHA)
    assert back is not None
    assert (back.faces, back.command, back.measured_on) == (600, "a command", reference.measured_on)
    assert back.unfamiliarity(known(9)) == pytest.approx(reference.unfamiliarity(known(9)), rel=0.01)
    assert "domain checked" in domain_note(tmp_path, "telltale", SHA)


def test_beside_other_weights_it_is_silent(reference: DomainReference, tmp_path: Path):
    assert fitting_reference(tmp_path, "telltale", SHA) is None
    assert "no reference" in domain_note(tmp_path, "telltale", SHA)
    write_reference(reference, domain_file(tmp_path, "telltale"))
    assert fitting_reference(tmp_path, "telltale", "b" * 64) is None
    assert "other weights" in domain_note(tmp_path, "telltale", "b" * 64)
    assert fitting_reference(None, "telltale", None) is None


def test_features_are_what_the_last_linear_layer_sees():
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 1))
    pictures = torch.rand(3, 3, 2, 2)
    outputs = LogitAndFeatures(network)(pictures)
    assert outputs.shape == (3, 6)
    assert torch.equal(outputs[:, :1], network(pictures))
    assert torch.equal(outputs[:, 1:], network[:3](pictures))
    assert not network[3]._forward_pre_hooks
    with pytest.raises(ValueError, match="no linear layer"):
        LogitAndFeatures(nn.ReLU())


@pytest.fixture(scope="module")
def detector() -> FrameDetector:
    made = detectors.create("telltale", weights=Path())
    assert isinstance(made, FrameDetector)
    return made


def test_examining_scores_as_scoring_does(detector: FrameDetector, monkeypatch: pytest.MonkeyPatch):
    clips = [a_clip(seed, 1) for seed in range(3)]
    features = np.concatenate([detector.features(clip.crops).numpy() for clip in clips])
    random = np.random.default_rng(2)
    around = features[0] + random.normal(scale=0.05, size=(200, features.shape[1]))
    monkeypatch.setattr(detector, "_domain", fitted(around, weights_sha256=SHA, command="", directions=8))
    found = examined(detector, clips)
    assert [one.raw_score for one in found] == pytest.approx(detector.score(clips), abs=1e-6)
    near, *others = [one.unfamiliarity or 0.0 for one in found]
    assert near < 1.0 < min(others)


def test_a_detector_without_a_reference_cannot_tell(detector: FrameDetector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(detector, "_domain", None)
    assert [one.unfamiliarity for one in examined(detector, [a_clip(0, 1)])] == [None]
    assert examined(FakeDetector(), [a_clip(0, 1)])[0].unfamiliarity is None
    assert examined(detector, []) == []


class Knowing(FakeDetector):
    """Knows nobody."""

    def examine(self, clips) -> list[Finding]:
        return [Finding(score, 2.0) for score in self.score(clips)]


def test_what_a_detector_tells_passes_through_what_holds_it():
    clips = [a_clip(seed, 1) for seed in range(3)]
    for holder in (AcrossDevices([Knowing(), Knowing()]), WarmDetector(Knowing, idle_s=1.0)):
        assert [one.unfamiliarity for one in examined(holder, clips)] == [2.0, 2.0, 2.0]
        assert [one.raw_score for one in examined(holder, clips)] == holder.score(clips)


def test_the_shipped_reference_belongs_to_the_shipped_weights_or_is_silent():
    made = detectors.create("telltale", weights=Path())
    folder = Path(detectors.__file__).parent / "weights_shipped"
    checked = fitting_reference(folder, "telltale", made.weights_sha256) is not None
    unfamiliar = examined(made, [a_clip(0, 1)])[0].unfamiliarity
    assert (unfamiliar is not None) is checked
    assert ("domain checked" in domain_note(folder, "telltale", made.weights_sha256)) is checked
