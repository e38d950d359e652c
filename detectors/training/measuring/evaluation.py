"""A finished run in, everything that its card says in numbers out: unseen people, clips, calibration, false alarms."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from detectors.training.configuration import TrainingConfig
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace
from detectors.training.material import Material
from detectors.training.measuring.clip_scores import (
    AS_IS,
    VARIANTS,
    ClipScore,
    ClipView,
    read_clips,
    score_clips,
    track_score,
)
from detectors.training.measuring.face_logits import of_network, of_views, trained_network, view_of
from detectors.training.measuring.forged_clips import donor_for, forged
from detectors.training.measuring.held_out import RANDOM_CHAINS, PairFigure, PeopleTest, ScoredPairs, score_people
from detectors.training.measuring.kept_views import KeptViews
from detectors.training.pairs import FAMILIES, PairMaker
from detectors.training.people import Portrait

PEOPLE_PAIRS = 300
FIT_PAIRS = 600
LEAST_FACE_PX = 48.0  # smaller faces are not scored by the pipeline either
GENERATED_VARIANTS = (AS_IS, *(variant for variant in VARIANTS if variant.name in ("crf 23", "crf 40")))
_MEASURED_PAIRS = 10_000_019  # added to the seed: pairs that are measured, far from those that are learned from


class Evaluation:
    """Measures one weights file; every part can be asked for by itself."""

    def __init__(self, config: TrainingConfig, weights: Path, material: Material, *, pairs: int = PEOPLE_PAIRS) -> None:
        self.config, self.material, self._pairs = config, material, pairs
        self.network = trained_network(weights)
        self._view = {"margin": config.pairs.margin, "size_px": config.pairs.input_px}
        self._view_logits = of_views(self.network)
        self.face_logits = of_network(self._view_logits, **self._view)

    def people(self) -> tuple[list[PairFigure], ScoredPairs]:
        """Areas under the curve on the people who are reported on, and their scored pairs through random chains."""
        return score_people(self._people_test("test", self._pairs), self._view_logits)

    def pictures(self, *, pairs: int = FIT_PAIRS) -> ScoredPairs:
        """Scored pairs of all families through random chains, of the people that the calibration is fitted on."""
        return self._people_test("calibrate", pairs).scored(None, RANDOM_CHAINS, self._view_logits)

    def genuine(self, part: str) -> list[ClipView]:
        """The faces of the genuine clips of ``calibrate`` or ``report``, as they are and encoded once more."""
        return self._read(self.material.named(getattr(self.material.clips, part)), VARIANTS)

    def generated(self) -> list[ClipView]:
        """The generated faces of the manipulated clips: where a clip has several panels, those of the generated one."""
        return self._read(self.material.manipulated_clips, GENERATED_VARIANTS)

    def score(self, views: Sequence[ClipView]) -> list[ClipScore]:
        return score_clips(views, self.face_logits)

    def forged(self, part: str, donors: str) -> list[ClipScore]:
        """Genuine clips of a part after each family of manipulation, with faces of other people of ``donors``."""
        names = getattr(self.material.clips, part)
        portraits = getattr(self.material.people, donors)
        faces, lent = ClipFaces(names, self.config.data.cache), PortraitFaces(portraits, self.config.data.cache)
        kept = self._kept({"clips": names, "donors": _names(portraits), **self._view})
        return list(self._forged_scores(faces, lent, kept))

    def _forged_scores(self, clips: ClipFaces, donors: PortraitFaces, kept: KeptViews) -> Iterator[ClipScore]:
        for at, name in enumerate(clips.clips):
            faces = [face for face in clips.of(name) if face.size_px >= LEAST_FACE_PX]
            for family in FAMILIES if faces else ():
                views = kept.views(f"{name}-{family}", partial(self._forged_views, faces, donors, family, at))
                logit, count = track_score(faces, self._view_logits(list(views)))
                yield ClipScore(name, family, logit, count)

    def _forged_views(self, faces: Sequence[LocatedFace], donors: PortraitFaces, family: Any, seed: int) -> list[Any]:
        donor = donor_for(faces[0], donors, seed=seed)
        return [view_of(face, **self._view) for face in forged(faces, donor, family, seed=seed)]

    def _read(self, clips: Sequence[Path], variants: Sequence[Any]) -> list[ClipView]:
        data = self.config.data
        return read_clips(clips, variants, data.cache, least_px=LEAST_FACE_PX, panels=data.panels)

    def _people_test(self, part: str, pairs: int) -> PeopleTest:
        people: tuple[Portrait, ...] = getattr(self.material.people, part)
        cache, seed = self.config.data.cache, self.config.split_seed + _MEASURED_PAIRS
        # A square painted over is for learning: measured faces are whole.
        rules = self.config.pairs.model_copy(update={"cut_out_share": 0.0})
        maker = PairMaker(PortraitFaces(people, cache), ClipFaces((), cache), rules, seed=seed)
        kept = self._kept({"people": _names(people), "rules": rules.model_dump(mode="json"), "seed": seed})
        return PeopleTest(maker, kept, pairs=pairs)

    def _kept(self, decided_by: dict[str, Any]) -> KeptViews:
        return KeptViews(self.config.data.cache, decided_by)


def _names(people: Sequence[Portrait]) -> list[str]:
    return [portrait.path.name for portrait in people]


def rows(scores: Sequence[Any]) -> list[dict[str, Any]]:
    """Dataclasses as JSON takes them."""
    return [asdict(score) for score in scores]


def logits(scores: Sequence[ClipScore], variant: str = AS_IS.name) -> np.ndarray:
    """The logits of one variant."""
    return np.array([score.logit for score in scores if score.variant == variant])
