"""The name of a face locator in, the locator out; what a published pipeline needs in, its face finder out.

The networks come from the detectors' side and what is done with their numbers from the side of extraction; they meet
here. Their weights are optional files of the founding systems that brought them.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import detectors
from contracts.clips import FaceBox, Pixels
from contracts.errors import DetectorUnavailable
from contracts.settings import ExtractSettings
from detectors.devices import resolved
from detectors.runtime import Runtime
from detectors.systems.footage import Compat, Finder, FinderNeed
from ingest.face_locator import FaceLocator

if TYPE_CHECKING:
    from facenet_pytorch import MTCNN

    from ingest.face_locators.one_pass import Find, Predict

MTCNN_LOCATOR = "mtcnn"
SYSTEMS = {"retinaface_resnet50": "wm", "retinaface_mobilenet025": "eighteen", "dsfd_resnet152": "ntech"}
FACE_LOCATORS = (MTCNN_LOCATOR, *SYSTEMS)
_LEAST_CELL_PX = 12  # MTCNN sees nothing in a picture whose smallest face is larger than the picture


class FaceLocatorUnavailable(DetectorUnavailable):
    """A face locator cannot run here; the message names the command that mends it."""


def locator_of(settings: ExtractSettings, *, weights: Path) -> FaceLocator:
    """The face locator that the settings name. Raises as :func:`face_locator`."""
    runtime = Runtime(device=resolved(settings.locate_device)[0])
    return face_locator(settings.face_locator, weights=weights, runtime=runtime, torch_threads=settings.torch_threads)


def face_locator(name: str, *, weights: Path, runtime: Runtime | None = None, torch_threads: int = 2) -> FaceLocator:
    """Load a face locator; MTCNN has its weights in its package and always runs on the processor.

    Args:
        name: one of ``FACE_LOCATORS``.
        weights: folder of fetched weights, with a folder per detector.
        runtime: where and how the network runs; by default on the processor.
        torch_threads: processor threads, for the whole process.

    Raises:
        KeyError: no face locator has this name.
        FaceLocatorUnavailable: its weights were not fetched.
        WrongWeights: its weights are those of another network.
    """
    if name == MTCNN_LOCATOR:
        from ingest.face_locators.mtcnn import MtcnnFaceLocator

        return MtcnnFaceLocator.load(torch_threads=torch_threads)
    predict = _loaded(name, weights, runtime or Runtime(), torch_threads)
    from ingest.face_locators.dsfd import dsfd_locator
    from ingest.face_locators.retinaface import retinaface_locator

    return dsfd_locator(predict) if name == "dsfd_resnet152" else retinaface_locator(predict)


def weights_file(name: str, weights: Path) -> Path:
    """Where the weights of a face locator lie, as the card of the system that brought it says.

    Raises:
        KeyError: no face locator with weights of its own has this name.
        FaceLocatorUnavailable: there is no such file.
    """
    system = SYSTEMS[name]
    network = f"{system}/{name}"
    for file in detectors.card(system).weights:
        if file.checkpoint and file.checkpoint.network == network:
            path = weights / system / file.loaded_file
            if path.is_file():
                return path
            raise FaceLocatorUnavailable(
                f"the face locator {name} needs {file.loaded_file}, which is missing. "
                f"Run: telltale detectors fetch {system} (a file or folder that holds {file.file} may follow)"
            )
    raise FaceLocatorUnavailable(f"the card of {system} names no weights for the face locator {name}")


def finder_for(
    need: FinderNeed,
    *,
    weights: Path,
    runtime: Runtime | None = None,
    torch_threads: int = 2,
    compat: Compat = "corrected",
) -> Finder:
    """The face finder of a published pipeline, with that pipeline's own order, scaling and limits.

    ``mtcnn`` takes the options of facenet-pytorch's class and gives what its ``detect`` gives, in that order. The three
    networks take the fields of ``RetinaFaceRules`` and ``DsfdRules``, what is not said being as their system has it.
    ``hog`` stands for dlib's histogram finder, which is no dependency of ours: MTCNN takes its place, the surest face
    first, so boxes (not their order) differ from the original's.

    Raises:
        TypeError: an option that the finder does not have.
        FaceLocatorUnavailable: the weights of the network were not fetched.
        WrongWeights: its weights are those of another network.
    """
    runtime = runtime or Runtime()
    if need.name in SYSTEMS:
        return _published(need, _loaded(need.name, weights, runtime, torch_threads), compat)
    _prepare_torch(torch_threads)
    from facenet_pytorch import MTCNN

    options = {"select_largest": False} if need.name == "hog" else dict(need.options)
    network = MTCNN(**options, device=runtime.device)  # pyright: ignore[reportArgumentType] - it takes names too
    return partial(_found_by_mtcnn, network, surest_first=need.name == "hog")


def _loaded(name: str, weights: Path, runtime: Runtime, torch_threads: int) -> "Predict":
    path = weights_file(name, weights)
    _prepare_torch(torch_threads)
    import torch

    from detectors.networks.original import loaded
    from detectors.systems.catalogue import original_network

    placed = runtime.placed(loaded(original_network(f"{SYSTEMS[name]}/{name}"), path))
    return lambda batch: placed(torch.from_numpy(batch)).numpy()


def _prepare_torch(threads: int) -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the decoder on a busy machine
    import torch

    torch.set_num_threads(threads)


def _published(need: FinderNeed, predict: "Predict", compat: Compat) -> Finder:
    from ingest.face_locators import dsfd, retinaface
    from ingest.face_locators.one_pass import in_passes

    if need.name == "dsfd_resnet152":
        rules = replace(dsfd.NTECH, **need.options)
        return partial(in_passes, find=partial(dsfd.dsfd_faces, predict=predict, rules=rules, compat=compat))
    base = retinaface.WM if need.name == "retinaface_resnet50" else retinaface.EIGHTEEN
    rules = replace(base, **need.options)
    find = partial(retinaface.retinaface_faces, predict=predict, rules=rules, compat=compat)
    return partial(in_passes, find=partial(_found_or_nobody, find) if compat == "original" else find)


def _found_or_nobody(find: "Find", pictures: Sequence[Pixels]) -> list[list[FaceBox]]:
    """The original fails on pictures of some sizes, and answers a failure as it answers a video without faces."""
    from ingest.face_locators.one_pass import PriorsDoNotFit

    try:
        return find(pictures)
    except PriorsDoNotFit:
        return [[] for _ in pictures]


def _found_by_mtcnn(network: "MTCNN", pictures: Sequence[Pixels], *, surest_first: bool) -> list[list[FaceBox]]:
    found = [_detected(network, picture) for picture in pictures]
    return [sorted(boxes, key=lambda box: -box.confidence) for boxes in found] if surest_first else found


def _detected(network: "MTCNN", picture: Pixels) -> list[FaceBox]:
    """The boxes of one picture in the order of the network's own ``detect``."""
    if min(picture.shape[:2]) * _LEAST_CELL_PX / network.min_face_size < _LEAST_CELL_PX:
        return []
    boxes, chances, *points = network.detect(np.ascontiguousarray(picture), landmarks=True)
    if boxes is None:
        return []
    from ingest.face_locators.one_pass import face_boxes

    return face_boxes(*(np.asarray(part, dtype=np.float64) for part in (boxes, chances, *points)))
