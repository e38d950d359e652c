"""The face finders' networks in the forms of their fixtures; the cases of their priors, decoding and suppression."""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ingest.face_locators.dsfd import NTECH, DsfdRules, likely_boxes
from ingest.face_locators.priors import boxes_of, dsfd_priors, landmarks_of, retinaface_priors
from tests.parity.line import Line, compared, equal

_NUMBER = r"-?\d*\.?\d+"


def _listed_priors(module: nn.Module, batch: Tensor, fixture: dict) -> NDArray:
    """The rows of the priors that the fixture lists for this seed."""
    rows = fixture["checks"][str(fixture["seed"])]["prior_indices"]
    return module(batch).numpy()[:, rows]


def _parts_and_summary(module: nn.Module, batch: Tensor, _fixture: dict) -> NDArray:
    """Boxes, classes and landmarks of nine anchors, then mean and deviation of each over all anchors: one flat row."""
    numbers = module(batch)
    count = numbers.shape[1]
    rows = [0, 1, 2, count // 4, count // 2, 3 * count // 4, count - 3, count - 2, count - 1]
    parts = [numbers[:, rows, begin:end].ravel() for begin, end in ((0, 4), (4, 6), (6, 16))]
    every = (numbers[..., :4], numbers[..., 5], numbers[..., 6:])
    summary = [float(value) for part in every for value in (part.mean(), part.std())]
    return np.concatenate([*(part.numpy() for part in parts), summary])


FORWARDS = {
    "retinaface_resnet50": _listed_priors,
    "dsfd_resnet152": _listed_priors,
    "retinaface_mobilenet025": _parts_and_summary,
}


def _cases(fixture: dict) -> Iterator[Line]:
    for name, case in fixture["cases"].items():
        kind = next((kind for kind in sorted(_KINDS, key=len, reverse=True) if name.startswith(kind)), None)
        if kind is None:
            raise LookupError(f"no case of ours answers to {name!r}")
        yield from _KINDS[kind](name, case)


def _retinaface_priors(name: str, case: dict) -> Iterator[Line]:
    yield from _as_listed(name, retinaface_priors(*_size(name)), case)


def _dsfd_priors(name: str, case: dict) -> Iterator[Line]:
    cells = tuple((rows, columns) for rows, columns in case["feature_maps"])
    yield from _as_listed(name, dsfd_priors(*_size(name), cells=cells), case)


def _as_listed(name: str, priors: NDArray, case: dict) -> Iterator[Line]:
    yield equal(f"{name} count", len(priors), case["count"])
    yield compared(name, priors[case["indices"]], case["cxcywh"])
    yield compared(f"{name} sums", priors.sum(axis=0, dtype=np.float64), case["sum"])


def _retinaface_decoding(name: str, case: dict) -> Iterator[Line]:
    height, width = _size(name)
    priors, rows = retinaface_priors(height, width), case["rows"]
    boxes = boxes_of(_draws(case["loc"], (len(priors), 4)), priors)[rows]
    points = landmarks_of(_draws(case["landm"], (len(priors), 10)), priors)[rows]
    yield compared(f"{name} boxes", boxes * (width, height, width, height), case["boxes_px"])
    yield compared(f"{name} landmarks", (points * (width, height)).reshape(len(rows), 10), case["landmarks_px"])


def _draws(text: str, shape: tuple[int, ...]) -> NDArray:
    """What a sentence like ``default_rng(6).normal(0,.5,(n,4)) float32`` says."""
    seed = int(_found(r"default_rng\((\d+)\)", text))
    mean, deviation = (float(number) for number in re.findall(rf"normal\(({_NUMBER}),\s*({_NUMBER})", text)[0])
    return np.random.default_rng(seed).normal(mean, deviation, shape).astype(np.float32)


def _dsfd_suppression(name: str, case: dict) -> Iterator[Line]:
    cells = tuple((rows, columns) for rows, columns in case["feature_maps"])
    priors = dsfd_priors(*case["image_hw"], cells=cells)
    yield equal(f"{name} count", len(priors), case["n_priors"])
    numbers, chances = _head(case["loc"], len(priors))
    result = next(key for key in case if key.startswith("kept_score"))
    least = float(_found(rf"over_({_NUMBER})", result))
    rules = DsfdRules(least_confidence=least, most_overlap=NTECH.most_overlap)
    boxes, chances = likely_boxes(np.column_stack([numbers, 1 - chances, chances]), priors, rules)
    yield compared(name, np.column_stack([chances, boxes]), case[result])


def _head(text: str, count: int) -> tuple[NDArray, NDArray]:
    """Boxes and chances as the fixture's sentence draws them, one generator for all, in its order."""
    draws = np.random.default_rng(int(_found(r"default_rng\((\d+)\)", text)))
    mean, deviation = (float(number) for number in re.findall(rf"normal\(({_NUMBER}),\s*({_NUMBER})", text)[0])
    numbers = draws.normal(mean, deviation, (1, count, 4)).astype(np.float32)[0]
    low, high = (float(number) for number in re.findall(rf"uniform\(({_NUMBER}),\s*({_NUMBER})", text)[0])
    chances = draws.uniform(low, high, count).astype(np.float32)
    raised = [float(number) for number in re.findall(_NUMBER, _found(r"set to ([\d., ]+)", text))]
    chances[draws.choice(count, int(_found(r"choice\(n,\s*(\d+)", text)), replace=False)] = raised
    return numbers, chances


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"the fixture says {text!r}, which we do not understand")
    return found[1]


def _size(name: str) -> tuple[int, int]:
    """Height and width at the end of a case's name."""
    return int(_found(r"(\d+)x\d+", name)), int(_found(r"\d+x(\d+)", name))


_KINDS = {
    "retinaface decode": _retinaface_decoding,
    "retinaface": _retinaface_priors,
    "dsfd detect": _dsfd_suppression,
    "dsfd": _dsfd_priors,
}

CASES = {"detectors_priors": _cases}
