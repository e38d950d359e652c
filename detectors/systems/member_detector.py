"""Clips in, raw scores out, by networks that go by the names of their members: what such detectors are made of."""

from pathlib import Path

from detectors.cards import DetectorCard
from detectors.clip_detector import ClipDetector
from detectors.runtime import Runtime
from detectors.systems.member_networks import Networks


class MemberDetector(ClipDetector):
    """A detector whose networks are told apart by member name, each with inputs or a weight of its own."""

    def __init__(self, card: DetectorCard, networks: Networks, *, folder: Path | None, runtime: Runtime) -> None:
        super().__init__(card, folder=folder, runtime=runtime)
        self._networks = networks
        self._pass_pictures = runtime.pictures_per_pass(card.spec.input_px)
