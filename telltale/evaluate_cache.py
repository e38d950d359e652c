"""What a scan found in a file in, the same again out when the same bytes meet the same detectors."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import detectors as registry
from contracts.codec import decode, encode
from contracts.errors import PoisonMessage
from contracts.messages import DetectorScore, MediaExtracted
from contracts.settings import DetectSettings, ExtractSettings, ProcessSettings
from contracts.vocabulary import DetectorStatus, Reason
from telltale.scan import Findings

FORMAT = 1
_NO_MATTER = {"weights", "torch_threads", "locate_device"}
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
    """Everything but the file that scores depend on: detectors, their weights, how faces are cut, how numbers count.

    Detectors are looked at together because they share one pass over the video.
    """
    general = set(ProcessSettings.model_fields)
    return {
        "format": FORMAT,
        "telltale": version("telltale"),
        "detectors": [_detector(name, weights, detect) for name in names],
        "extract": extract.model_dump(mode="json", exclude=general | _NO_MATTER),
        "detect": detect.model_dump(mode="json", include={"device", "precision", "compile_networks", "channels_last"}),
    }


def sha256_of_file(file: Path) -> str:
    """The SHA-256 of a file's bytes. Raises ``OSError``."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _detector(name: str, weights: Path, detect: DetectSettings) -> dict[str, Any]:
    found = registry.availability(name, weights)
    spec = registry.spec(name)
    return {
        "name": name,
        "version": spec.version,
        "weights_sha256": found.weights_sha256,
        "runs": found.available or detect.allow_untrained,
        "demand": spec.demand.model_dump(mode="json"),
    }


def _settled(findings: Findings) -> bool:
    failed = any(score.status is DetectorStatus.FAILED for score in findings.scores)
    passing = any(problem.reason in _PASSING for problem in findings.extracted.problems)
    return findings.extracted.complete and not failed and not passing
