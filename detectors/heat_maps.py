"""Face crops in; where in each the detector ``telltale`` saw manipulation, and whether what it learned matters, out.

The maps are Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual explanations from deep networks") on the last feature
map of the network. They say what pushed the score up, not what was altered. Beside each stands the check of Adebayo et
al. 2018 ("Sanity checks for saliency maps"): a map that looks alike with random weights explains nothing.

``python -m detectors.heat_maps WEIGHTS`` does the same between two streams, for programs without torch; a line ``step
NAME`` on the stream of errors says what it does now.
"""

import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import detectors
from contracts.clips import FaceBox, FaceCrop, Pixels
from contracts.errors import DetectorUnavailable
from detectors.weights import folder_of

if TYPE_CHECKING:
    from torch import Tensor, nn

DETECTOR = "telltale"
MOST_CROPS = 16
# Maps whose ranks agree more than this with those of a random network say little of what was learned.
MOST_LIKENESS = 0.7
# Changes with everything that makes other maps of the same crops and weights.
METHOD = "grad-cam.1"
STEP_WORD = "step "
Heat = NDArray[np.float32]


class Step(StrEnum):
    """What the computation does now, in its order."""

    LOADING = "loading"
    LEARNED = "learned"
    RANDOM = "random"


class DamagedMaps(ValueError):
    """The stream holds no heat maps."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """``view`` is what the network was shown, side x side x 3; ``heat`` side x side from 0 to 1, or 0 throughout.

    ``likeness`` is Spearman's rank correlation with the map of the same network with random weights.
    """

    view: Pixels
    heat: Heat
    likeness: float

    @property
    def depends_on_what_was_learned(self) -> bool:
        return bool(self.heat.any()) and self.likeness <= MOST_LIKENESS


def heat_maps(
    crops: Sequence[FaceCrop], weights: Path, *, tell: Callable[[Step], None] = lambda _: None
) -> list[HeatMap]:
    """One map for each crop; ``tell`` hears of every step. Raises ``DetectorUnavailable`` without trained weights."""
    tell(Step.LOADING)
    import torch

    from detectors.networks.mobilenet_v2 import INPUT_MEAN, INPUT_STD, MobileNetV2
    from detectors.networks.original import OriginalNetwork, loaded
    from detectors.plugins.telltale import VIEW_MARGIN, WEIGHTS
    from detectors.preprocessing import batch_of, square_view

    card = detectors.card(DETECTOR)
    state = detectors.availability(DETECTOR, weights)
    if not state.available:
        raise DetectorUnavailable(state.detail)
    network = OriginalNetwork(make=MobileNetV2)
    views = [square_view(crop, margin=VIEW_MARGIN, size_px=card.spec.input_px) for crop in crops]
    pictures = torch.from_numpy(batch_of(views, mean=INPUT_MEAN, std=INPUT_STD))
    trained = loaded(network, folder_of(card, weights) / WEIGHTS)
    tell(Step.LEARNED)
    learned = _maps(trained, pictures)
    tell(Step.RANDOM)
    random = _maps(network.random(), pictures)
    return [
        HeatMap(view, heat, likeness(heat, blind)) for view, heat, blind in zip(views, learned, random, strict=True)
    ]


def _maps(network: "nn.Module", pictures: "Tensor") -> list[Heat]:
    from detectors.networks.mobilenet_v2 import MobileNetV2

    assert isinstance(network, MobileNetV2)
    return list(grad_cam(network, network.backbone.features[-1], pictures).numpy())


def grad_cam(network: "nn.Module", layer: "nn.Module", pictures: "Tensor") -> "Tensor":
    """n x side x side maps from 0 to 1 of what in ``layer`` raises each picture's logit; 0 where nothing does.

    ``pictures`` n x 3 x side x side; ``network`` gives one logit each and stays as it is.
    """
    import torch

    seen: list[Any] = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output))
    try:
        with torch.enable_grad():
            logits = network(pictures.detach().requires_grad_())
            (slopes,) = torch.autograd.grad(logits.sum(), seen[-1])
    finally:
        hook.remove()
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    raised = torch.relu((weights * seen[-1].detach()).sum(dim=1, keepdim=True))
    grown = torch.nn.functional.interpolate(raised, size=pictures.shape[-2:], mode="bilinear", align_corners=False)
    highest = grown.amax(dim=(2, 3), keepdim=True)
    return (grown / highest.clamp_min(torch.finfo(grown.dtype).tiny)).squeeze(1)


def likeness(heat: Heat, other: Heat) -> float:
    """Spearman's rank correlation of two maps; 0 where one of them has no ranks."""
    from scipy.stats import rankdata

    if np.ptp(heat) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(heat), rankdata(other))[0, 1])


def packed(crops: Sequence[FaceCrop]) -> bytes:
    """Crops as the stream that the command reads."""
    out = io.BytesIO()
    arrays: dict[str, Any] = {f"pixels_{place}": crop.pixels for place, crop in enumerate(crops)}
    boxes = [(crop.box.left, crop.box.top, crop.box.right, crop.box.bottom) for crop in crops]
    np.savez(out, boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4), **arrays)
    return out.getvalue()


def packed_maps(maps: Sequence[HeatMap]) -> bytes:
    """Maps as the stream that the command writes."""
    out = io.BytesIO()
    np.savez_compressed(
        out,
        views=np.stack([one.view for one in maps]),
        heats=np.stack([one.heat for one in maps]),
        likeness=np.array([one.likeness for one in maps]),
    )
    return out.getvalue()


def unpacked(data: bytes) -> list[HeatMap]:
    """The maps in the stream that the command writes. Raises ``DamagedMaps``."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return [
                HeatMap(view, heat, float(like))
                for view, heat, like in zip(found["views"], found["heats"], found["likeness"], strict=True)
            ]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as why:
        raise DamagedMaps(f"{len(data)} bytes that hold no heat maps") from why


def _crops_in(data: bytes) -> list[FaceCrop]:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        boxes = [FaceBox(*map(float, box), confidence=1.0) for box in found["boxes"][:MOST_CROPS]]
        return [FaceCrop(found[f"pixels_{place}"], box, 0, 0.0, place) for place, box in enumerate(boxes)]


def _main(weights: Path) -> int:
    try:
        maps = heat_maps(_crops_in(sys.stdin.buffer.read()), weights, tell=_tell_step)
    except DetectorUnavailable as why:
        sys.stderr.write(str(why))
        return 3
    sys.stdout.buffer.write(packed_maps(maps))
    return 0


def _tell_step(step: Step) -> None:
    sys.stderr.write(f"{STEP_WORD}{step.value}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
