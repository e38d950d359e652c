"""The detector ``srm``: fixed noise filters and an EfficientNet-B2 look at each face, its probability is the score."""

from collections.abc import Sequence
from pathlib import Path

from contracts.clips import FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.preprocessing import Floats
from detectors.runtime import Runtime
from detectors.systems.deepfakestream.aggregation import face_scores
from detectors.systems.deepfakestream.crops import batch_of, face_of, stretched
from detectors.systems.frame_ensemble import FrameEnsemble
from detectors.systems.member_networks import placed_members


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameEnsemble:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = [*placed_members(card, folder=folder, runtime=runtime).values()]
    return FrameEnsemble(card, networks, batch=_batch, probability=face_scores, folder=folder, runtime=runtime)


def view_of(crop: FaceCrop) -> Pixels:
    """The face box without surroundings, stretched; the whole crop where no pixel of the box lies in it."""
    face = face_of(crop.pixels, crop.box)
    return stretched(crop.pixels) if face is None else face


def _batch(crops: Sequence[FaceCrop]) -> Floats:
    return batch_of([view_of(crop) for crop in crops])
