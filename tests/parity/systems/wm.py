"""Golden fixtures of wm: its networks with their inner features, and the cases of alignment."""

from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor, nn

from detectors.networks.wsdan import WsDan, feature_matrix
from detectors.systems.wm.alignment import alignment_of, warped
from tests.parity.line import Line, compared, equal

_SAME = 1e-9
_STATISTICS: dict[str, Callable[[Tensor], object]] = {
    "shape": lambda tensor: list(tensor.shape),
    "mean": lambda tensor: float(tensor.double().mean()),
    "std": lambda tensor: float(tensor.double().std()),
    "abs_max": lambda tensor: float(tensor.abs().max()),
    "first8": lambda tensor: tensor.flatten()[:8].tolist(),
}


def _require(inner: dict[str, Tensor], fixture: dict) -> None:
    """Compare the statistics of tensors on the way that the fixture states; what we do not know is an error."""
    for name, stated in fixture.get("checks", {}).get(str(fixture["seed"]), {}).items():
        for statistic, wanted in stated.items():
            line = compared(f"{name} {statistic}", _STATISTICS[statistic](inner[name]), wanted)
            if not line.ok:
                raise ValueError(str(line))


def _xception(module: nn.Module, batch: Tensor, fixture: dict) -> Tensor:
    seen: dict[str, Tensor] = {}
    # The rectifier behind this norm works in place: what it is given must be kept apart.
    hook = module.bn4.register_forward_hook(lambda *call: seen.update(features_before_relu=call[2].clone()))
    logits = module(batch)
    hook.remove()
    _require(seen, fixture)
    return logits


def _wsdan(module: nn.Module, batch: Tensor, fixture: dict) -> Tensor:
    assert isinstance(module, WsDan)
    features = module.body.forward_features(batch)
    attention = module.attentions(features)
    matrix = feature_matrix(features, attention)
    mean = attention.mean(dim=1, keepdim=True)
    _require({"feature_maps": features, "feature_matrix": matrix, "attention_map_mean": mean}, fixture)
    return module(batch)


FORWARDS = {"xception": _xception, "wsdan_xception": _wsdan, "wsdan_efficientnet_b3": _wsdan}


def _alignment(fixture: dict) -> Iterator[Line]:
    picture = _ramps()
    for at, case in enumerate(fixture["norm_crop"]):
        matrix = alignment_of(case["landmarks"], compat="original")
        if matrix is None:  # the original says so in numbers that are none
            theirs = np.asarray(case["matrix"], dtype=np.float64)
            yield equal(f"alignment {at}, no matrix", bool(np.isnan(theirs).any()), True)
            continue
        yield compared(f"alignment {at}, matrix", matrix, case["matrix"], relative=_SAME)
        face = warped(picture, matrix)
        yield compared(f"alignment {at}, mean colours", face.mean(axis=(0, 1)), case["warped_mean_bgr"])
        black = float((face == 0).all(axis=2).mean())
        yield compared(f"alignment {at}, share of black pixels", black, case["zero_pixel_fraction"])


def _ramps() -> np.ndarray:
    """The picture that the fixture describes: 240 x 320, colours x, y and x + y modulo 256."""
    rows, columns = np.mgrid[0:240, 0:320]
    return np.stack([columns, rows, rows + columns], axis=-1).astype(np.uint8)


CASES = {"wm_alignment": _alignment}
