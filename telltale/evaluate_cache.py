"""What a scan found in a file in, the same again out when the same bytes meet the same detectors."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import detectors as registry
from contracts.codec import decode, encode
from contracts.errors import PoisonMessage
from contracts.messages import DetectorScore, MediaExtracted
from contracts.settings import DetectSettings, ExtractSettings, ProcessSettings
from contracts.vocabulary import DetectorStatus, Reason
from detectors.domain import domain_file
from detectors.weights import folder_of, sha256_of
from stream_processors.face_locators import MTCNN_LOCATOR, FaceLocatorUnavailable, weights_file
from stream_processors.rechecking import recheck_of
from telltale.scan import Findings

FORMAT = 2
# Everything between a file and its scores; what judges them afterwards runs again each time.
CODE = ("contracts", "ingest", "detectors", "stream_processors", "telltale.scan", "telltale.scan_detectors")
CODE_OF_COPIES = ("detectors.evaluation.alterations", "detectors.evaluation.copies")
_NOT_ON_THE_WAY = {"training", "evaluation"}
_PACKAGES = ("telltale", "torch", "numpy", "av", "opencv-python", "pillow", "facenet-pytorch")
_NO_MATTER = {"weights", "torch_threads", "locate_device"}
_MATTERS_TO_DETECTORS = {"device", "precision", "compile_networks", "channels_last", "reencode_clips"}
# Another try may end otherwise.
_PASSING = frozenset({Reason.TIMEOUT})


class ScoreCache:
    """Findings by the content of files and by everything that made them.

    Args:
        folder: where they lie, one file each.
        made_with: :func:`made_with` of the run; other detectors, weights or settings find nothing here.
    """

    def __init__(self, folder: Path, made_with: Mapping[str, Any]) -> None:
        self._folder = folder
        self._made_with = json.dumps(made_with, sort_keys=True)

    def get(self, content: str) -> Findings | None:
        """The findings for a content (a SHA-256, or one with what was done to the file); nothing where unknown."""
        try:
            lines = self._place(content).read_bytes().splitlines()
            extracted = decode(lines[0], MediaExtracted)
            scores = tuple(decode(line, DetectorScore) for line in lines[1:])
        except (FileNotFoundError, IndexError, PoisonMessage):
            return None
        return Findings(extracted=extracted, scores=scores)

    def put(self, content: str, findings: Findings) -> None:
        """Keep findings, unless a second try could give others."""
        if not _settled(findings):
            return
        place = self._place(content)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(f".{os.getpid()}.part")
        unfinished.write_bytes(b"\n".join([encode(findings.extracted), *map(encode, findings.scores)]))
        unfinished.replace(place)

    def _place(self, content: str) -> Path:
        key = hashlib.sha256(f"{content}\0{self._made_with}".encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.jsonl"


def made_with(
    names: Sequence[str], *, weights: Path, detect: DetectSettings, extract: ExtractSettings
) -> dict[str, Any]:
    """Everything but the file that findings depend on: detectors, weights, calibrations, settings, code, libraries.

    Detectors are looked at together because they share one pass over the video. Gates and thresholds of the policy
    are not part of it: findings are judged anew each time.
    """
    general = set(ProcessSettings.model_fields)
    return {
        "format": FORMAT,
        "code_sha256": sha256_of_code(CODE),
        "packages": {name: version(name) for name in _PACKAGES},
        "detectors": [_detector(name, weights, detect) for name in names],
        "extract": extract.model_dump(mode="json", exclude=general | _NO_MATTER),
        "face_locator_sha256": _locator_sha256(extract, weights),
        "detect": detect.model_dump(mode="json", include=_MATTERS_TO_DETECTORS),
    }


def sha256_of_file(file: Path) -> str:
    """The SHA-256 of a file's bytes. Raises ``OSError``."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def sha256_of_code(modules: Iterable[str]) -> str:
    """One SHA-256 over the sources of modules and of everything below packages, but for training and evaluation.

    Installed code may change without its version, as it does in a checkout.
    """
    digest = hashlib.sha256()
    for module in modules:
        for name, source in _sources(module):
            digest.update(f"{name}\0".encode() + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(module: str) -> list[tuple[str, Path]]:
    """Names and source files of a module or a package."""
    found = find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{module} has no source", name=module)
    origin = Path(found.origin)
    if found.submodule_search_locations is None:
        return [(module, origin)]
    below = ((file.relative_to(origin.parent), file) for file in origin.parent.rglob("*.py"))
    return sorted((f"{module}/{at.as_posix()}", file) for at, file in below if not _NOT_ON_THE_WAY & set(at.parts))


def _detector(name: str, weights: Path, detect: DetectSettings) -> dict[str, Any]:
    card, found = registry.card(name), registry.availability(name, weights)
    domain = domain_file(folder_of(card, weights), name)
    return {
        "spec": card.spec.model_dump(mode="json"),
        "weights_sha256": found.weights_sha256,
        "domain_sha256": sha256_of(domain) if domain.is_file() else None,
        "runs": found.available or detect.allow_untrained,
        "recheck": _recheck(name, weights, detect),
    }


def _recheck(name: str, weights: Path, detect: DetectSettings) -> dict[str, Any] | None:
    """The calibration and the limits in force: they decide which clips are scored again, re-encoded."""
    found = recheck_of(name, detect.reencode_clips, weights)
    if found is None or found.member.calibration is None:
        return None
    return {"calibration": found.member.calibration.model_dump(mode="json"), "thresholds": found.member.thresholds}


def _locator_sha256(extract: ExtractSettings, weights: Path) -> str | None:
    """That of the weights which the face locator fetched; nothing for MTCNN, whose weights are in its package."""
    if extract.face_locator == MTCNN_LOCATOR:
        return None
    try:
        return sha256_of(weights_file(extract.face_locator, weights))
    except FaceLocatorUnavailable:
        return None  # the first file that is scored tells why


def _settled(findings: Findings) -> bool:
    failed = any(score.status is DetectorStatus.FAILED for score in findings.scores)
    passing = any(problem.reason in _PASSING for problem in findings.extracted.problems)
    return findings.extracted.complete and not failed and not passing
