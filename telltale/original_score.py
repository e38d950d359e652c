"""``telltale detectors original``: a video in; the score that a founding system's published pipeline gives it out."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import detectors
from contracts.errors import DetectorUnavailable, MediaNotAssessable
from contracts.settings import ExtractSettings
from detectors import DetectorCard
from detectors.runtime import Runtime
from detectors.systems.footage import Compat, Finder, FinderNeed, PublishedScore
from detectors.systems.member_networks import placed_members
from detectors.weights import folder_of
from stream_processors.face_locators import FaceLocatorUnavailable, finder_for
from telltale.errors import CommandFailed
from telltale.footage import DecodedFootage
from telltale.terminal import out, say, say_json

_SUBSTITUTE = FinderNeed("mtcnn", {"keep_all": True})


@dataclass(frozen=True, kw_only=True)
class OriginalScore:
    """What a published pipeline said; ``finder`` is the face finder that it really used here."""

    detector: str
    compat: Compat
    finder: str
    untrained: bool
    published: PublishedScore

    def as_object(self) -> dict[str, object]:
        """The form for JSON."""
        said = self.published
        facts = {"detector": self.detector, "compat": self.compat, "finder": self.finder, "untrained": self.untrained}
        return {**facts, "score": said.value, "faces": said.faces, "detail": said.detail}


def run(name: str, path: Path, home: Path, *, compat: Compat, random_weights: bool, as_json: bool) -> None:
    """Print the score.

    Raises:
        CommandFailed: the detector has no published pipeline, or the file is no video that can be read.
        UnknownDetector, DetectorUnavailable: the detector or its weights are missing.
    """
    from telltale.detector_commands import weights_folder

    try:
        score = original_score(name, path, weights=weights_folder(home), compat=compat, random_weights=random_weights)
    except MediaNotAssessable as why:
        raise CommandFailed(f"{path.name} cannot be scored: {why.detail}.") from why
    if as_json:
        say_json(score.as_object())
        return
    value = "no score" if score.published.value is None else f"{score.published.value:.6f}"
    mark = " (untrained: random weights, the number means nothing)" if score.untrained else ""
    out.print(f"{name}, {score.compat} rules: {value}{mark}", markup=False, soft_wrap=True)
    out.print(f"{score.published.detail}; faces found by {score.finder}", markup=False, soft_wrap=True)


def original_score(name: str, path: Path, *, weights: Path, compat: Compat, random_weights: bool) -> OriginalScore:
    """Run the published pipeline of a founding system on one video: its frames, its faces, its networks, its rules.

    With ``random_weights`` networks without weights get seeded random ones, and a face finder without weights is
    replaced by MTCNN.
    """
    card = detectors.card(name)
    pipeline = _pipeline_of(card)
    state = detectors.availability(name, weights)
    if not state.available and not random_weights:
        raise DetectorUnavailable(f"detector {name!r} cannot run: {state.detail}")
    finder_name, finder = _finder(pipeline.FINDER, weights, compat, may_substitute=random_weights)
    folder = folder_of(card, weights) if state.available else None
    footage = DecodedFootage(path, ExtractSettings())
    say(f"{footage.frame_count} frames, {footage.frames_per_second:g} per second")
    published = pipeline.published_score(
        footage, finder, placed_members(card, folder=folder, runtime=Runtime()), compat=compat
    )
    return OriginalScore(
        detector=name, compat=compat, finder=finder_name, untrained=folder is None, published=published
    )


def _pipeline_of(card: DetectorCard) -> ModuleType:
    """The module with the ``FINDER`` and the ``published_score`` of the system that the networks are of."""
    systems = {member.network.partition("/")[0] for member in card.spec.members}
    if len(systems) != 1:
        raise CommandFailed(f"{card.spec.name} is not one of the founding systems and has no published pipeline.")
    return import_module(f"detectors.systems.{systems.pop()}.published")


def _finder(need: FinderNeed, weights: Path, compat: Compat, *, may_substitute: bool) -> tuple[str, Finder]:
    try:
        name = "mtcnn, in place of a histogram finder" if need.name == "hog" else need.name
        return name, finder_for(need, weights=weights, compat=compat)
    except FaceLocatorUnavailable:
        if not may_substitute:
            raise
        return f"mtcnn, in place of {need.name}", finder_for(_SUBSTITUTE, weights=weights, compat=compat)
