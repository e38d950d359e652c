"""Finished verdicts and other thresholds or another prior in; what each would be called out, by the code that decides.

The rule is that of the aggregator (``detectors.decision``); what it needs beside the probability stands in the verdict.
Only two limits are not tried anew, because their measurements are not kept: reasons that withheld a call stay, and a
verdict is not re-encoded again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.messages import DetectorResult, MediaVerdict, Probability
from contracts.vocabulary import Reason, Verdict
from dashboard.reviews import Outcome
from detectors.calibration import logit, sigmoid
from detectors.decision import FORBID_A_CALL, FORBID_THE_ALL_CLEAR, DecisionRule, Vote

MayCallAlone = Callable[[str], bool]
# These two withhold a call or only the all-clear, by how many frames or how much weight is missing; the word tells.
_EITHER = frozenset({Reason.TOO_FEW_FACE_FRAMES, Reason.PARTIAL_RESULTS})


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What may be tried: the prior, and the thresholds on the probability under it; all from 0 to 1."""

    prior: float
    lower: float
    upper: float

    @property
    def rule(self) -> DecisionRule:
        """The rule with these numbers. Raises ``ValueError`` where they are out of range or order."""
        return DecisionRule.chosen(prior=self.prior, thresholds=(self.lower, self.upper))


@dataclass(frozen=True, kw_only=True)
class Move:
    """An item that would be called otherwise."""

    media_id: str
    name: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The items that could be decided again: how many have each word now and by the tried numbers.

    ``other_policy`` were judged by a release whose rule is not known here, ``not_reproduced`` have a word that their
    own recorded numbers do not give; both are left out. ``other_numbers`` take part although they were judged under
    other thresholds or another prior than the newest item; ``not_reencoded`` have a call withheld by re-encoding.
    """

    now: Mapping[Verdict, int]
    tried: Mapping[Verdict, int]
    words: Mapping[str, tuple[Verdict, Verdict]]
    moved: tuple[Move, ...]
    other_policy: int
    not_reproduced: int
    other_numbers: int
    not_reencoded: int

    @property
    def items(self) -> int:
        return len(self.words)

    @property
    def moves(self) -> Mapping[tuple[Verdict, Verdict], int]:
        """How many items go from one word to another."""
        return Counter((move.before, move.after) for move in self.moved)


@dataclass(frozen=True, kw_only=True)
class Mistakes:
    """Of the reviewed items: genuine ones that are called, manipulated ones with nothing found; each now and tried."""

    genuine: int
    manipulated: int
    false_alarms: tuple[int, int]
    missed: tuple[int, int]


def numbers_in_use(verdicts: Iterable[MediaVerdict]) -> Numbers | None:
    """The prior and the thresholds of the first of these verdicts that was held against some."""
    for verdict in verdicts:
        if (recorded := numbers_of(verdict)) is not None:
            return recorded
    return None


def numbers_of(verdict: MediaVerdict) -> Numbers | None:
    """The numbers that the verdict itself names; nothing where it has no probability."""
    if verdict.probability is None or verdict.thresholds is None:
        return None
    limits = verdict.thresholds
    return Numbers(prior=verdict.probability.prior, lower=limits.lower, upper=limits.upper)


def trial(verdicts: Sequence[MediaVerdict], numbers: Numbers | None, *, may_call_alone: MayCallAlone) -> Trial:
    """Decide each verdict by ``numbers``, or by its own ones where none are given.

    ``may_call_alone``: whether the card of the detector with this name lets it call alone.
    """
    known = [verdict for verdict in verdicts if DecisionRule.of_version(verdict.policy_version) is not None]
    fit = [one for one in known if decided(one, numbers_of(one), may_call_alone=may_call_alone) is one.verdict]
    words = {
        one.media_id: (one.verdict, decided(one, numbers or numbers_of(one), may_call_alone=may_call_alone))
        for one in fit
    }
    newest = numbers_in_use(fit)
    return Trial(
        now=Counter(before for before, _ in words.values()),
        tried=Counter(after for _, after in words.values()),
        words=words,
        moved=tuple(_move(one, words[one.media_id][1]) for one in fit if words[one.media_id][1] is not one.verdict),
        other_policy=len(verdicts) - len(known),
        not_reproduced=len(known) - len(fit),
        other_numbers=sum(numbers_of(one) not in (None, newest) for one in fit),
        not_reencoded=sum(Reason.UNSTABLE_UNDER_REENCODE in one.reasons for one in fit),
    )


def _move(verdict: MediaVerdict, after: Verdict) -> Move:
    name = verdict.uploaded.key.rsplit("/", 1)[-1]
    return Move(media_id=verdict.media_id, name=name, before=verdict.verdict, after=after)


def decided(verdict: MediaVerdict, numbers: Numbers | None, *, may_call_alone: MayCallAlone) -> Verdict:
    """The word by these numbers; an item without a probability keeps its own."""
    if verdict.probability is None or numbers is None:
        return verdict.verdict
    rule = numbers.rule
    thresholds = rule.thresholds(None)
    shift = rule.prior_logit - logit(verdict.probability.prior)
    ballot = _ballot(verdict.detectors, shift)
    disputed = bool(rule.contradicting(ballot, thresholds))
    return rule.word(
        _shifted(verdict.probability, shift, numbers.prior),
        thresholds,
        may_call=_may_call(verdict, ballot, rule, may_call_alone),
        call_forbidden=disputed or _call_is_withheld(verdict),
        all_clear_forbidden=disputed or bool({*verdict.reasons} & (FORBID_THE_ALL_CLEAR | _EITHER)),
    )


def _shifted(probability: Probability, shift: float, prior: float) -> Probability:
    if not shift:
        return probability  # to the last digit
    value, low, high = (_moved(one, shift) for one in (probability.value, probability.low, probability.high))
    return probability.model_copy(update={"value": value, "low": low, "high": high, "prior": prior})


def _ballot(results: Iterable[DetectorResult], shift: float) -> list[Vote]:
    return [
        Vote(name=one.name, value=_moved(one.calibrated, shift) if shift else one.calibrated, weight=one.weight)
        for one in results
        if one.calibrated is not None and one.weight is not None
    ]


def _moved(share: float, shift: float) -> float:
    return round(sigmoid(logit(share) + shift), 4)  # with the digits that a verdict has


def _call_is_withheld(verdict: MediaVerdict) -> bool:
    reasons = {*verdict.reasons} - {Reason.DETECTORS_DISAGREE}
    return bool(reasons & FORBID_A_CALL) or (verdict.verdict is Verdict.INCONCLUSIVE and bool(reasons & _EITHER))


def _may_call(verdict: MediaVerdict, ballot: Sequence[Vote], rule: DecisionRule, may_call_alone: MayCallAlone) -> bool:
    if verdict.verdict is Verdict.LIKELY_MANIPULATED:
        return True
    recorded, probability = verdict.thresholds, verdict.probability
    over = recorded is not None and probability is not None and probability.low >= recorded.upper
    if over and verdict.verdict is Verdict.SOME_EVIDENCE:
        return False
    return rule.may_call([vote.weight for vote in ballot], alone=any(may_call_alone(vote.name) for vote in ballot))


def mistakes(found: Trial, reviewed: Mapping[str, Outcome]) -> Mistakes | None:
    """What people found of the items against both words; nothing where they have concluded on none of them."""
    genuine = [found.words[one] for one, outcome in reviewed.items() if one in found.words and outcome in _GENUINE]
    forged = [
        found.words[one] for one, outcome in reviewed.items() if one in found.words and outcome is Outcome.MANIPULATED
    ]
    if not genuine and not forged:
        return None
    return Mistakes(
        genuine=len(genuine),
        manipulated=len(forged),
        false_alarms=_both(genuine, Verdict.LIKELY_MANIPULATED),
        missed=_both(forged, Verdict.NO_EVIDENCE_FOUND),
    )


_GENUINE = (Outcome.AUTHENTIC, Outcome.MISLEADING)


def _both(words: Iterable[tuple[Verdict, Verdict]], wrong: Verdict) -> tuple[int, int]:
    pairs = list(words)
    return sum(before is wrong for before, _ in pairs), sum(after is wrong for _, after in pairs)
