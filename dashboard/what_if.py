"""A verdict and a wish in (another base rate, fewer detectors), a secondary figure out; never the verdict itself."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from contracts.messages import DetectorResult, MediaVerdict, Probability
from dashboard import wording
from detectors.calibration import logit, sigmoid

# How many of 1,000 such files are manipulated; the choices of the slider.
SHARES_PER_1000 = (1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500)
# Bands of the likelihood ratio after the guideline of the European forensic institutes (ENFSI 2015), up to what the
# cap on shown probabilities lets us say.
_SUPPORT = ((2.0, "weak or none"), (10.0, "weak"), (100.0, "moderate"))
_CAPPED_RATIO = 99.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A probability of manipulation with its limits."""

    value: float
    low: float
    high: float


def at_base_rate(probability: Probability, share: float) -> Figure:
    """The same evidence where ``share`` (0 to 1) of all such files are manipulated.

    Posterior logit = logit of the verdict - logit of its own prior + logit of the new one.
    """
    shift = logit(share) - logit(probability.prior)
    value, low, high = (sigmoid(logit(one) + shift) for one in (probability.value, probability.low, probability.high))
    return Figure(value=value, low=low, high=high)


def base_rate_words(probability: Probability, per_1000: int) -> str:
    """The figure of ``at_base_rate`` as people count."""
    figure = at_base_rate(probability, per_1000 / 1000)
    low, value, high = (_of_1000(one) for one in (figure.low, figure.value, figure.high))
    about = value if value.startswith("fewer") else f"about {value}"
    return (
        f"If {per_1000} in 1,000 of such files are manipulated: of 1,000 files with this evidence, {about} "
        f"(between {low} and {high}) would be."
    )


def _of_1000(share: float) -> str:
    # Two significant digits are what the calibration supports; 10 and 990 are the caps of every shown figure.
    capped = min(990.0, max(10.0, share * 1000))
    digits = 1 - math.floor(math.log10(capped))
    number = f"{round(capped, digits):.0f}"
    return f"fewer than {number}" if share * 1000 < 10 else number


def likelihood_ratio_words(probability: Probability) -> str:
    """How much likelier the evidence is on one side than on the other, with the usual word for it."""
    ratio = math.exp(logit(probability.value) - logit(probability.prior))
    side, other = ("manipulated", "not") if ratio >= 1 else ("not manipulated", "it is")
    strength = max(ratio, 1 / ratio)
    word = next((word for most, word in _SUPPORT if strength < most), "moderate")
    number = f"more than {_CAPPED_RATIO:.0f}" if strength > _CAPPED_RATIO else f"about {_two_digits(strength)}"
    return f"The evidence is {number} times as likely if the media is {side} than if {other}: {word} support."


def _two_digits(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def choosable(verdict: MediaVerdict) -> list[DetectorResult]:
    """The detectors that may be left out or taken in: those whose number was calibrated."""
    return [result for result in wording.with_a_say(verdict.detectors) if result.weight]


def fused(verdict: MediaVerdict, chosen: Collection[str]) -> float | None:
    """The weighted mean of the chosen detectors' calibrated logits; nothing where none is chosen.

    With one person in the media and every detector chosen this is the verdict's own estimate. With several people
    the verdict combines detectors on each person first, so the two may differ a little.
    """
    used = [(logit(r.calibrated or 0.0), r.weight or 0.0) for r in choosable(verdict) if r.name in chosen]
    total = sum(weight for _, weight in used)
    return sigmoid(sum(ratio * weight for ratio, weight in used) / total) if total else None


def mean_of(verdict: MediaVerdict, chosen: Collection[str]) -> float | None:
    """The plain mean of the chosen detectors' probabilities, as a reference."""
    values = [r.calibrated or 0.0 for r in choosable(verdict) if r.name in chosen]
    return sum(values) / len(values) if values else None


def what_if_words(verdict: MediaVerdict, chosen: Collection[str]) -> str:
    """What the chosen detectors say together, marked as no verdict."""
    value, mean = fused(verdict, chosen), mean_of(verdict, chosen)
    if value is None or mean is None:
        return "No detector is chosen, so there is nothing to combine. The verdict above stands."
    names = " and ".join(r.name for r in choosable(verdict) if r.name in chosen)
    return (
        f"If only {names} counted: {wording.frequency(value)}{_against(verdict, value)} "
        f"Plain mean: {wording.out_of_100(mean)} in 100. This is a what-if, not the verdict."
    )


def _against(verdict: MediaVerdict, value: float) -> str:
    if verdict.thresholds is None:
        return "."
    if value >= verdict.thresholds.upper:
        return ", over the upper threshold."
    return ", under the lower threshold." if value <= verdict.thresholds.lower else ", in the band of no call."
