"""How the networks and the tracking rules of medics are compared with their golden fixtures."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from tests.parity.line import Line, equal

_SHADES = (1.0, 0.5, 0.25, -1.0)  # the four frames of the fixture's video


def _picture_network(module: nn.Module, pictures: Tensor, _fixture: dict) -> Tensor:
    """The logits of the pictures, and the scores of the videos whose frames are these pictures in four shades."""
    from detectors.systems.medics.aggregation import score_of_pictures

    frames = [module(pictures * shade).double().squeeze(1).numpy() for shade in _SHADES]
    videos = [score_of_pictures(logits) for logits in np.stack(frames, axis=1)]
    return torch.stack([torch.from_numpy(frames[0]), torch.tensor(videos, dtype=torch.float64)])


FORWARDS: dict[str, Callable[[nn.Module, Tensor, dict], Tensor | np.ndarray]] = {"se_resnext50": _picture_network}


def _tracking(fixture: dict) -> Iterator[Line]:
    from detectors.systems.medics.tracking import faces_through_time

    for at, case in enumerate(fixture["cases"]):
        faces = faces_through_time(
            case["boxes"],
            case["probs"],
            rows=case["shape"][1],
            columns=case["shape"][2],
            enlargement=case["upsample"],
            frames_apart=case["temporal_upsample"],
            compat="original",
        )
        regions = [[list(face.frames), list(face.rows), list(face.columns)] for face in faces]
        yield equal(f"medics tracking {at} regions of {len(regions)} faces", regions, case["rois"])
        squares = [face.squares.tolist() for face in faces]
        yield equal(f"medics tracking {at} {sum(map(len, squares))} squares", squares, case["coords"])


CASES: dict[str, Callable[[dict], Iterator[Line]]] = {"medics_tracking": _tracking}
