"""The name of a new detector in; a small package of its own out that keeps every promise and only lacks its network.

With a training run, the package has the network, the weights and the figures of the run.
"""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectors.detector import ManipulationKind

_NAME = re.compile(r"[a-z][a-z0-9_]*")

_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "telltale-{name}"
version = "0.1.0"
dependencies = ["telltale"]

[project.entry-points."telltale.detectors"]
{name} = "telltale_{name}.{name}:make"
"""

PLUGIN = '''"""The detector ``{name}``: face crops in, one raw score per clip out."""

from functools import partial
from pathlib import Path

from torch import nn

from detectors.cards import DetectorCard
from detectors.frame_detector import FrameDetector
from detectors.networks.original import OriginalNetwork, loaded
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, square_view
from detectors.runtime import Runtime


def network() -> nn.Module:
    """n x 3 x side x side float pictures in, n logits of *manipulated* out."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1), nn.Flatten(0)
    )


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameDetector:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    placed = runtime.placed(loaded(OriginalNetwork(make=network), folder and folder / card.weights[0].loaded_file))
    view = partial(square_view, margin=card.spec.demand.margin, size_px=card.spec.input_px)
    return FrameDetector(
        card, [placed], view=view, mean=IMAGENET_MEAN, std=IMAGENET_STD, folder=folder, runtime=runtime
    )
'''

_TEST = '''"""The detector ``{name}`` keeps what every detector promises."""

import pytest

import detectors
from detectors.promises import PROMISES


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_it_keeps_every_promise(promise, tmp_path):
    promise(detectors.create("{name}", weights=tmp_path, allow_untrained={untrained}))
'''


class TakenName(ValueError):
    """A detector cannot be called that; the message says why."""


def write_new(name: str, folder: Path) -> list[Path]:
    """Write the package ``telltale-<name>`` into ``folder`` and give the files that were written.

    Raises:
        TakenName: the name is no plain lower-case word, or ``folder`` holds files already.
    """
    _require_free(name, folder)
    return _written(name, folder, plugin=PLUGIN.format(name=name), card=_card(name), untrained=True)


def write_from_run(
    name: str, folder: Path, run: Path, *, fitted: Path | None = None, looks_for: Sequence[ManipulationKind] = ()
) -> list[Path]:
    """As :func:`write_new`, with the weights of the training run in the folder ``run`` and a card of what is known.

    A calibration of these weights in the file ``fitted`` takes the place of the one that was measured with the run.
    ``looks_for`` are the kinds of manipulation, where the settings of the run do not tell them.

    Raises:
        TakenName: as ``write_new``.
        UnfitRun: the run has no weights that could be used, or nothing tells what it looks for; the message says why.
    """
    from detectors.run_figures import calibration_in
    from detectors.run_package import CONFIG, card_of, plugin_of, run_in, settings_of

    _require_free(name, folder)
    found = run_in(run)
    calibration = calibration_in(fitted, found.sha256) if fitted else None
    card = card_of(name, found, calibration=calibration, looks_for=looks_for)
    files = _written(name, folder, plugin=plugin_of(name, found), card=card, untrained=False)
    package = folder / f"telltale_{name}"
    weights, config = package / f"{name}.safetensors", package / CONFIG
    shutil.copyfile(found.weights, weights)
    config.write_text(settings_of(found), encoding="utf-8")
    return [*files, weights, config]


def _require_free(name: str, folder: Path) -> None:
    if not _NAME.fullmatch(name):
        raise TakenName(f"a detector's name is a lower-case word like 'my_detector', got {name!r}")
    if folder.exists() and any(folder.iterdir()):
        raise TakenName(f"{folder} is not empty; name another folder")


def _written(name: str, folder: Path, *, plugin: str, card: dict[str, Any], untrained: bool) -> list[Path]:
    package = folder / f"telltale_{name}"
    texts = {
        folder / "pyproject.toml": _PROJECT.format(name=name),
        package / "__init__.py": f'"""The detector ``{name}`` of Telltale."""\n',
        package / f"{name}.py": plugin,
        package / f"{name}.json": json.dumps(card, indent=2, ensure_ascii=False) + "\n",
        folder / "tests" / f"test_{name}.py": _TEST.format(name=name, untrained=untrained),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _card(name: str) -> dict[str, Any]:
    """A card that claims nothing: every line of it is to be replaced by something that was measured."""
    return {
        "spec": {
            "name": name,
            "version": "0.1.0",
            "title": name.replace("_", " ").capitalize(),
            "looks_for": ["face_swap"],
            "demand": {"detector": name, "frames_per_second": 1.0, "margin": 0.3, "min_face_px": 48},
            "input_px": 64,
            "origin": "not stated yet",
            "licence": "not stated yet",
            "fusion_weight": 0.25,
        },
        "lifecycle": "experimental",
        "lifecycle_reason": "nothing has been measured yet",
        "summary": "A template: one convolution and a mean. It shows the form of a detector, not how to find anything.",
        "training_data": [],
        "blind_spots": ["everything"],
        "not_for": ["any use"],
        "weights": [{"file": f"{name}.safetensors"}],
        "cost": {"parameters": 233},
        "licences": {"code": "not stated yet", "weights": "not stated yet"},
    }
