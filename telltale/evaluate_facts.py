"""What was asked for, with which detectors and under which policy, in; the facts that head a report out."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import platform, python_version
from typing import Any

import detectors as registry
from contracts.settings import DetectSettings
from detectors.evaluation.score_table import FUSION
from detectors.evaluation.summary import RAW_THRESHOLD
from stream_processors.gates import thresholds_of
from stream_processors.members import Member, members_of
from stream_processors.policy import Policy
from telltale.evaluate_items import Asked

_PACKAGES = ("telltale", "torch", "scikit-learn", "numpy", "av")
_SCOPE = "manipulated faces in videos and pictures; sound, whole scenes and context are not judged"
_AGGREGATION = (
    "clips and frames of a face are pooled as the detector's card says and calibrated then; an item is its highest "
    "face; detectors are fused by weighted means of log likelihood ratios"
)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Which detectors a run asks, on which weights and how, and the policy that their scores are judged by."""

    names: tuple[str, ...]
    weights: Path
    detect: DetectSettings
    policy: Policy


def facts_of(asked: Asked, setup: Setup) -> dict[str, Any]:
    """What a report says of its making, besides the options of the command."""
    policy = setup.policy
    alone = [_detector(member, setup) for member in members_of(setup.names, setup.weights)]
    return {
        "command": shlex.join(["telltale", *sys.argv[1:]]),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": python_version(), **{name: version(name) for name in _PACKAGES}},
        "machine": f"{platform()}, {setup.detect.device}",
        "scope": _SCOPE,
        "aggregation": _AGGREGATION,
        "manifests": list(asked.named_by),
        "manifest_sha256": asked.sha256,
        "items": len(asked.items),
        "genuine": sum(item.label == 0 for item in asked.items),
        "manipulated": sum(item.label == 1 for item in asked.items),
        "sources": len({item.source for item in asked.items}),
        "notes": list(asked.notes),
        "policy_version": policy.policy_version,
        "gates": sorted(gate.value for gate in policy.gates),
        "prior": policy.prior,
        "thresholds": dict(zip(("lower", "upper"), _verdict_thresholds(setup), strict=True)),
        "detectors": alone,
    }


def thresholds_in(facts: Mapping[str, Any]) -> dict[str, float]:
    """The upper threshold of each detector by itself, and of the verdict."""
    alone = {one["name"]: one["threshold"] for one in facts["detectors"]}
    return {**alone, FUSION: facts["thresholds"]["upper"]}


def _detector(member: Member, setup: Setup) -> dict[str, Any]:
    found = registry.availability(member.name, setup.weights)
    fit = member.calibration if found.available else None
    return {
        "name": member.name,
        "version": member.version,
        "weights_sha256": found.weights_sha256,
        "untrained": not found.available and setup.detect.allow_untrained,
        "detail": found.detail,
        "calibration": fit.id if fit else None,
        "threshold": thresholds_of([member], setup.policy)[1] if fit else RAW_THRESHOLD,
    }


def _verdict_thresholds(setup: Setup) -> tuple[float, float]:
    """Lower and upper threshold of all detectors that can be counted, together."""
    counted: Sequence[Member] = [
        member
        for member in members_of(setup.names, setup.weights)
        if member.calibration and registry.availability(member.name, setup.weights).available
    ]
    return thresholds_of(counted, setup.policy)
