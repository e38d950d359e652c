"""The detector ``dessa``: one ResNet18 looks at each face; its weights file decides which of two heads it has."""

from pathlib import Path

from contracts.clips import FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.frame_detector import FrameDetector
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from detectors.runtime import Placed, Runtime
from detectors.systems.dessa.crops import Square, face_view, square_around
from detectors.systems.member_networks import placed_members


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameDetector:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    (network,) = placed_members(card, folder=folder, runtime=runtime).values()
    return FrameDetector(
        card,
        [_manipulated(network)],
        view=view,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        folder=folder,
        runtime=runtime,
    )


def view(crop: FaceCrop) -> Pixels:
    """The square around the face as the system cuts it, within the crop; the middle pixel where a box holds none."""
    box, (height, width) = crop.box, crop.pixels.shape[:2]
    square = square_around((box.left, box.top, box.right, box.bottom), width, height)
    seen = face_view(crop.pixels, square)
    if seen is None:
        seen = face_view(crop.pixels, Square(width // 2, height // 2, 1))
    assert seen is not None
    return seen


def _manipulated(network: Placed) -> Placed:
    # The softmax of two logits is the sigmoid of their difference.
    return lambda pictures: network(pictures).diff(dim=1).squeeze(1)
