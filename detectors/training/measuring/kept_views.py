"""Pairs and forged clips that are measured in, the views of them out: made once, then kept in the cache as arrays.

Making them takes minutes, scoring them seconds, and every weights file is measured on the same ones. What is kept
stands under a hash of everything that decides it: rules, people, seed and the code that makes pairs.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.clips import Pixels
from detectors.training.measuring import forged_clips
from detectors.training.pairs import Pair

FOLDER = "measured"
_PACKAGES = ("detectors.", "contracts.")
_SETTINGS = "detectors.training.configuration"  # what it says is among the facts


@dataclass(frozen=True, eq=False, slots=True)
class PairViews:
    """Both halves of pairs (n x side x side x 3 uint8 RGB) and the person in each."""

    genuine: NDArray[np.uint8]
    manipulated: NDArray[np.uint8]
    people: tuple[str, ...]


class KeptViews:
    """Views by name, below ``cache``; ``decided_by`` is everything but the name and the code that they depend on."""

    def __init__(self, cache: Path, decided_by: Any) -> None:
        self._folder = cache / FOLDER / key_of(decided_by)

    def pairs(self, name: str, make: Callable[[int], Pair], count: int) -> PairViews:
        """``count`` pairs, number 0 on."""
        held = self._held(f"{name}-{count}", lambda: _as_arrays([make(index) for index in range(count)]))
        return PairViews(held["genuine"], held["manipulated"], tuple(held["people"].tolist()))

    def views(self, name: str, make: Callable[[], Sequence[Pixels]]) -> NDArray[np.uint8]:
        """The views that ``make`` gives, at least one, all of one size."""
        return self._held(name, lambda: {"views": np.stack(make())})["views"]

    def _held(self, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        path = self._folder / f"{plain(name)}.npz"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **make())
            part.rename(path)
        with np.load(path) as arrays:
            return dict(arrays)


def plain(name: str) -> str:
    """A name that can be a file's."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)


def key_of(decided_by: Any) -> str:
    """16 hex digits of the facts and of the source code that turns them into pictures."""
    digest = hashlib.sha256(json.dumps(decided_by, sort_keys=True, default=str).encode())
    digest.update(f"{cv2.__version__} {np.__version__}".encode())
    for path in code_behind(forged_clips):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_behind(module: ModuleType) -> tuple[Path, ...]:
    """The files of this project that a module imports, directly or not, its own included, by name."""
    found: dict[str, Path] = {}
    waiting = [module.__name__]
    while waiting:
        name = waiting.pop()
        if name not in found and (path := getattr(sys.modules.get(name), "__file__", None)):
            found[name] = Path(path)
            waiting += _imported(Path(path))
    return tuple(path for _, path in sorted(found.items()))


def _imported(path: Path) -> list[str]:
    """Names of our modules that a file imports; of ``from a import b`` both ``a`` and ``a.b`` (which may be none)."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return [name for name in names if name.startswith(_PACKAGES) and name != _SETTINGS]


def _as_arrays(pairs: Sequence[Pair]) -> dict[str, NDArray[Any]]:
    return {
        "genuine": np.stack([pair.genuine for pair in pairs]),
        "manipulated": np.stack([pair.manipulated for pair in pairs]),
        "people": np.array([pair.person for pair in pairs]),
    }
