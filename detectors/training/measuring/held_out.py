"""A network and people that it never saw in, areas under the curve per family and compression out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from detectors.training.capture_chain import CaptureChain, h264
from detectors.training.configuration import Family
from detectors.training.measuring.areas import Logits, auc, auc_interval
from detectors.training.measuring.face_logits import LogitsOf
from detectors.training.measuring.kept_views import KeptViews, PairViews
from detectors.training.pairs import FAMILIES, PairMaker

RANDOM_CHAINS = "capture chains drawn at random"
CAPTURES: dict[str, CaptureChain | None] = {
    "H.264 at CRF 23": CaptureChain((partial(h264, crf=23),)),
    "H.264 at CRF 40": CaptureChain((partial(h264, crf=40),)),
    RANDOM_CHAINS: None,
}
# An enlarged face has lost what resampling would take from it, so its genuine half shows the same as the manipulated:
# at one CRF this family is measured on faces that are hardly enlarged, and on enlarged ones in rows of their own.
LITTLE_GROWTH: dict[Family, float] = {"resample": 1.25}
ENLARGED = ", faces enlarged as those of the other families"
ALL_FAMILIES = "all families"


@dataclass(frozen=True, slots=True)
class PairFigure:
    """The area under the curve on pairs of one family (or of all), with its 95 % interval over persons."""

    family: str
    capture: str
    auc: float
    low: float
    high: float
    pairs: int
    people: int


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Logits of the halves of pairs, with the persons in them."""

    genuine: Logits
    manipulated: Logits
    people: tuple[str, ...]


class PeopleTest:
    """The pairs of one part of the people, ``pairs`` per family and compression and as many of all families."""

    def __init__(self, maker: PairMaker, kept: KeptViews, *, pairs: int) -> None:
        self._maker, self._kept, self._pairs = maker, kept, pairs

    def views(self, family: Family | None, capture: str) -> PairViews:
        """Pairs of a family (or of all) through a capture, whose name may end with ``ENLARGED``."""
        maker = self._maker
        if family in LITTLE_GROWTH and not (capture == RANDOM_CHAINS or capture.endswith(ENLARGED)):
            maker = maker.growing(LITTLE_GROWTH[family])
        make = partial(maker.make, family=family, chain=CAPTURES[capture.removesuffix(ENLARGED)])
        return self._kept.pairs(f"{family or ALL_FAMILIES}-{capture}", make, self._pairs)

    def scored(self, family: Family | None, capture: str, logits_of: LogitsOf) -> ScoredPairs:
        views = self.views(family, capture)
        return ScoredPairs(logits_of(list(views.genuine)), logits_of(list(views.manipulated)), views.people)


def score_people(
    test: PeopleTest, logits_of: LogitsOf, families: Sequence[Family] = tuple(FAMILIES)
) -> tuple[list[PairFigure], ScoredPairs]:
    """A figure per family and capture, and the scored pairs of all families through random chains."""
    figures, mixed = [], None
    for capture in CAPTURES:
        for family in (*families, None):
            mixed = test.scored(family, capture, logits_of)
            figures.append(_figure(family or ALL_FAMILIES, capture, mixed))
        for family in LITTLE_GROWTH if capture != RANDOM_CHAINS else ():
            enlarged = f"{capture}{ENLARGED}"
            figures.append(_figure(family, enlarged, test.scored(family, enlarged, logits_of)))
    if mixed is None:
        raise ValueError("no captures, nothing to score")
    return figures, mixed


def _figure(family: str, capture: str, scored: ScoredPairs) -> PairFigure:
    low, high = auc_interval(scored.genuine, scored.manipulated, scored.people)
    area = auc(scored.genuine, scored.manipulated)
    return PairFigure(family, capture, area, low, high, len(scored.people), len(set(scored.people)))
