"""A probability, the votes behind it and what limits them in; the word of a verdict by the numbers of a policy out.

Every place that says a word about an item says it by this code: the aggregator, ``telltale scan`` and the page on which
other numbers are tried out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from contracts.messages import Probability
from contracts.vocabulary import Reason, Verdict

_BASE_VERSION = "evidence-desk.2"
_PRIOR, _THRESHOLDS = "prior=", "thresholds="

# Quality that lets traces vanish or invents them: neither word can be trusted.
FORBID_A_CALL = frozenset(
    {
        Reason.HEAVY_COMPRESSION,
        Reason.LOW_LIGHT_OR_BLUR,
        Reason.OUT_OF_DOMAIN,
        Reason.UNSTABLE_UNDER_REENCODE,
        Reason.DETECTORS_DISAGREE,
    }
)
# A part was not looked at: what was found there stands, but "nothing found" would speak for the rest too.
FORBID_THE_ALL_CLEAR = frozenset(
    {
        Reason.PARTIAL_RESULTS,
        Reason.TIMEOUT,
        Reason.DECODE_ERROR,
        Reason.TOO_MANY_FACES_CAPPED,
        Reason.POLICY_SKIPPED,
        Reason.FILE_TOO_LARGE,
    }
)


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One detector's calibrated probability of manipulation (0 to 1) and its weight."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """Prior, thresholds and what a call needs, under the version that every verdict names.

    A change of any number needs a new ``policy_version``. ``prior`` is the share of manipulated items that the reader
    expects; one half states the weight of the evidence alone. Thresholds apply to the probability under that prior and,
    unless they are ``for_every_detector``, give way to those on the card of the weightiest detector in use.
    """

    policy_version: str = _BASE_VERSION
    prior: float = 0.5
    lower_threshold: float = 0.35
    upper_threshold: float = 0.8
    for_every_detector: bool = False
    least_effective_members: float = 1.5
    least_minority_weight: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 < self.prior < 1.0:
            raise ValueError(f"a prior lies between 0 and 1, got {self.prior}")
        if not 0.0 <= self.lower_threshold <= self.upper_threshold <= 1.0:
            raise ValueError(f"thresholds out of order: {self.lower_threshold}, {self.upper_threshold}")

    @classmethod
    def chosen(cls, *, prior: float | None = None, thresholds: tuple[float, float] | None = None) -> Self:
        """The usual rule with a prior or (lower, upper) thresholds of one's own, which its version then names.

        Raises:
            ValueError: the prior or the thresholds are out of range.
        """
        usual = cls()
        version, changed = [usual.policy_version], {}
        if prior is not None and prior != usual.prior:
            version.append(f"{_PRIOR}{prior!r}")
            changed["prior"] = prior
        if thresholds is not None:
            lower, upper = thresholds
            version.append(f"{_THRESHOLDS}{lower!r},{upper!r}")
            changed |= {"lower_threshold": lower, "upper_threshold": upper, "for_every_detector": True}
        return cls(policy_version=" ".join(version), **changed)

    @classmethod
    def of_version(cls, policy_version: str) -> Self | None:
        """The rule that a verdict names; nothing where that is another release's, whose numbers are not known here."""
        prior, thresholds = None, None
        try:
            for part in policy_version.split(" ")[1:]:
                if part.startswith(_PRIOR):
                    prior = float(part.removeprefix(_PRIOR))
                elif part.startswith(_THRESHOLDS):
                    lower, upper = part.removeprefix(_THRESHOLDS).split(",")
                    thresholds = (float(lower), float(upper))
            rule = cls.chosen(prior=prior, thresholds=thresholds)
        except ValueError:
            return None
        return rule if rule.policy_version == policy_version else None

    @property
    def prior_logit(self) -> float:
        return math.log(self.prior / (1.0 - self.prior))

    def thresholds(self, stated: tuple[float, float] | None) -> tuple[float, float]:
        """Lower and upper threshold; ``stated`` are those on the card of the weightiest detector in use.

        The lower one is never above the prior: evidence that speaks for manipulation, however weakly, is some evidence.
        """
        own = (self.lower_threshold, self.upper_threshold)
        lower, upper = own if stated is None or self.for_every_detector else stated
        return min(lower, self.prior), upper

    def may_call(self, weights: Sequence[float], *, alone: bool) -> bool:
        """Whether detectors with these weights are enough for a call; ``alone``: the card of one lets it call alone."""
        return alone or (effective_number(weights) or 0.0) >= self.least_effective_members

    def word(
        self,
        probability: Probability,
        thresholds: tuple[float, float],
        *,
        may_call: bool,
        call_forbidden: bool = False,
        all_clear_forbidden: bool = False,
    ) -> Verdict:
        """The word for a probability.

        ``likely_manipulated`` needs the lower limit at or above the upper threshold, and detectors that may call;
        ``no_evidence_found`` needs the upper limit at or below the lower threshold.
        """
        lower, upper = thresholds
        if call_forbidden:
            return Verdict.INCONCLUSIVE
        if probability.low >= upper and may_call:
            return Verdict.LIKELY_MANIPULATED
        if probability.high <= lower:
            return Verdict.INCONCLUSIVE if all_clear_forbidden else Verdict.NO_EVIDENCE_FOUND
        return Verdict.SOME_EVIDENCE

    def contradicting(self, votes: Sequence[Vote], thresholds: tuple[float, float]) -> tuple[Vote, ...]:
        """The votes at or above the upper threshold, then those at or below the lower one, if these sides contradict.

        They do where the lighter side has a certain share of all weight; else nothing is returned.
        """
        lower, upper = thresholds
        against = [vote for vote in votes if vote.value >= upper]
        clear = [vote for vote in votes if vote.value <= lower]
        total = sum(vote.weight for vote in votes)
        minority = min(sum(vote.weight for vote in side) for side in (against, clear))
        return (*against, *clear) if total and minority >= self.least_minority_weight * total else ()


def effective_number(weights: Sequence[float]) -> float | None:
    """How many equally weighted detectors these weights are worth: (sum w)^2 / sum w^2 (Kish 1965)."""
    return sum(weights) ** 2 / sum(weight**2 for weight in weights) if weights else None
