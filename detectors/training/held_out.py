"""A network and people that it never saw in, areas under the curve per family and compression out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from detectors.training.capture_chain import CaptureChain, h264
from detectors.training.clip_scores import LogitsOf
from detectors.training.configuration import Family
from detectors.training.measuring import Logits, auc, auc_interval
from detectors.training.pairs import FAMILIES, Pair, PairMaker

CAPTURES: dict[str, CaptureChain | None] = {
    "H.264 at CRF 23": CaptureChain((partial(h264, crf=23),)),
    "H.264 at CRF 40": CaptureChain((partial(h264, crf=40),)),
    "capture chains drawn at random": None,
}


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


def score_pairs(pairs: Sequence[Pair], logits_of: LogitsOf) -> ScoredPairs:
    """The logits of all halves."""
    genuine = logits_of([pair.genuine for pair in pairs])
    return ScoredPairs(genuine, logits_of([pair.manipulated for pair in pairs]), tuple(pair.person for pair in pairs))


def figures_of(maker: PairMaker, logits_of: LogitsOf, *, pairs: int) -> list[PairFigure]:
    """``pairs`` pairs per family and compression, then as many of all families together."""
    families: tuple[Family | None, ...] = (*FAMILIES, None)
    return [
        _figure(family or "all families", capture, score_pairs(made, logits_of))
        for capture, chain in CAPTURES.items()
        for family in families
        if (made := [maker.make(index, family=family, chain=chain) for index in range(pairs)])
    ]


def _figure(family: str, capture: str, scored: ScoredPairs) -> PairFigure:
    low, high = auc_interval(scored.genuine, scored.manipulated, scored.people)
    area = auc(scored.genuine, scored.manipulated)
    return PairFigure(family, capture, area, low, high, len(scored.people), len(set(scored.people)))
