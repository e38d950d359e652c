"""Labels and scores in, single numbers out: how well scores rank, decide, and mean what they say.

Labels are 1 for manipulated and 0 for genuine; scores and probabilities rise with manipulation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    auc,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    precision_recall_fscore_support,
    precision_score,
    roc_auc_score,
    roc_curve,
)

Floats = NDArray[np.float64]
Labels = NDArray[np.int_]

FALSE_ALARMS = (0.10, 0.05, 0.01, 0.001)
FALSE_ALARMS_OF_PARTIAL_AREA = 0.05
HITS_ASKED = 0.90
PREVALENCES = (0.01, 0.001)
LOG_LOSS_CLIPS = {"log_loss": 1e-15, "log_loss_clipped_at_0.01": 0.01}
ECE_BINS = 10


class OneClassOnly(ValueError):
    """A metric that compares genuine with manipulated items was given only one of the two."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Bin:
    """Items of neighbouring probabilities: their mean probability, the share of manipulated ones, how many."""

    said: float
    seen: float
    items: float


def ranking(labels: Labels, scores: Floats) -> dict[str, float]:
    """Area under the ROC curve, whole and up to 5 % false alarms, average precision, error and hit rates.

    The partial area is standardised as scikit-learn's ``max_fpr`` does (0.5 is chance, 1 the best; source: McClish
    1989, "Analyzing a portion of the ROC curve"). A hit rate is that of the strictest threshold that some score sets
    and that keeps the false alarms within the limit, and the false alarms at 90 % hits are those of the strictest one
    that reaches them: nothing is read between two operating points. The equal error rate is where the straight line
    between two operating points crosses the diagonal.

    Raises:
        OneClassOnly: no item of a class is there.
    """
    require_both(labels)
    false_alarms, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
    found = {
        "auc": float(auc(false_alarms, hits)),
        "partial_auc": float(roc_auc_score(labels, scores, max_fpr=FALSE_ALARMS_OF_PARTIAL_AREA)),
        "ap": float(average_precision_score(labels, scores)),
        "eer": equal_error_rate(false_alarms, hits),
        "fpr_at_tpr_90": float(false_alarms[hits >= HITS_ASKED - 1e-12].min()),
    }
    for limit in FALSE_ALARMS:
        within = false_alarms <= limit + 1e-12
        found[hit_rate_name(limit)] = float(hits[within].max())
    return found


def hit_rate_name(limit: float) -> str:
    """``tpr_at_fpr_5`` for 0.05, ``tpr_at_fpr_0.1`` for 0.001."""
    return f"tpr_at_fpr_{100 * limit:g}"


def precision_name(prevalence: float) -> str:
    """``precision_at_prevalence_1`` for 0.01."""
    return f"precision_at_prevalence_{100 * prevalence:g}"


def equal_error_rate(false_alarms: Floats, hits: Floats) -> float:
    """The error where false alarms and misses are equal, on the straight lines between the points of a ROC curve."""
    gap = false_alarms + hits - 1.0  # rises from -1 to 1
    after = int(np.searchsorted(gap, 0.0))
    if gap[after] == 0.0:
        return float(false_alarms[after])
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(false_alarms[after - 1] + share * (false_alarms[after] - false_alarms[after - 1]))


def decisions(labels: Labels, flagged: NDArray[np.bool_]) -> dict[str, float]:
    """Accuracy, balanced accuracy, and precision, recall and F1 of *manipulated*, for items that are flagged or not.

    Precision is 0 where nothing is flagged. The false-alarm rate is the share of genuine items that are flagged.
    Precision at a prevalence weighs the classes as if that share of all items were manipulated. Source: Dolhansky et
    al. 2019, "The Deepfake Detection Challenge (DFDC) preview dataset", section 4.

    Raises:
        OneClassOnly: no item of a class is there.
    """
    require_both(labels)
    said = flagged.astype(int)
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels,
        said,
        average="binary",
        zero_division=0,  # pyright: ignore[reportArgumentType] - numbers are allowed, its annotation forgets them
    )
    return {
        "false_alarm_rate": float(np.mean(said[labels == 0])),
        "accuracy": float(accuracy_score(labels, said)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, said)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        **{precision_name(share): _precision_at(labels, said, share) for share in PREVALENCES},
    }


def _precision_at(labels: Labels, said: Labels, prevalence: float) -> float:
    weights = np.where(labels == 1, prevalence / np.mean(labels == 1), (1.0 - prevalence) / np.mean(labels == 0))
    found = precision_score(
        labels,
        said,
        sample_weight=weights,
        zero_division=0,  # pyright: ignore[reportArgumentType] - as above
    )
    return float(found)


def honesty(labels: Labels, probabilities: Floats) -> dict[str, float]:
    """LogLoss (natural, probabilities kept 1e-15 and 0.01 away from 0 and 1), Brier score, calibration error, AURC.

    LogLoss of always saying one half is 0.693. Raises ``ValueError`` without items.
    """
    losses = {
        name: float(log_loss(labels, np.clip(probabilities, clip, 1.0 - clip), labels=[0, 1]))
        for name, clip in LOG_LOSS_CLIPS.items()
    }
    return {
        **losses,
        "brier": float(brier_score_loss(labels, probabilities, pos_label=1)),
        "ece": expected_calibration_error(labels, probabilities),
        "aurc": area_under_risk(*risk_coverage(labels, probabilities)) or 0.0,
    }


def expected_calibration_error(labels: Labels, probabilities: Floats) -> float:
    """How far stated probabilities lie from what came true, on average over the bins of :func:`reliability`."""
    bins = reliability(labels, probabilities)
    total = sum(one.items for one in bins)
    return sum(one.items * abs(one.said - one.seen) for one in bins) / total


def reliability(labels: Labels, probabilities: Floats) -> list[Bin]:
    """At most ten bins of about equally many items, from the lowest probabilities to the highest.

    Equal probabilities are never torn apart. Source: adaptive bins as in Nguyen and O'Connor 2015, "Posterior
    calibration and exploratory analysis for natural language processing models".
    """
    values, where = np.unique(probabilities, return_inverse=True)
    items = np.bincount(where)
    manipulated = np.bincount(where, weights=labels)
    before = np.cumsum(items) - items
    number = np.minimum((ECE_BINS * before / items.sum()).astype(int), ECE_BINS - 1)
    return [
        Bin(
            said=float(np.average(values[own], weights=items[own])),
            seen=float(manipulated[own].sum() / items[own].sum()),
            items=float(items[own].sum()),
        )
        for one in np.unique(number)
        for own in [number == one]
    ]


def risk_coverage(labels: Labels, probabilities: Floats, *, uncovered: int = 0) -> tuple[Floats, Floats]:
    """Coverage and risk when only the surest answers are kept, from the surest on.

    An answer is *manipulated* from 0.5 on, its sureness the distance from 0.5; equally sure answers come together.
    Risk is the share of wrong ones among the answers kept, coverage their share of all items, ``uncovered`` ones
    included, so the curve ends at the coverage. Both are empty without answers.

    Source: El-Yaniv and Wiener 2010, "On the foundations of noise-free selective classification".
    """
    wrong = (probabilities >= 0.5).astype(int) != labels
    sure = np.round(np.abs(probabilities - 0.5), 12)
    values, where = np.unique(-sure, return_inverse=True)
    answers = np.cumsum(np.bincount(where, minlength=len(values)))
    errors = np.cumsum(np.bincount(where, weights=wrong, minlength=len(values)))
    return answers / max(1, len(labels) + uncovered), errors / np.maximum(answers, 1)


def area_under_risk(coverage: Floats, risk: Floats) -> float | None:
    """The mean risk over the coverages that were reached, each answer counted once; nothing without answers."""
    if not len(coverage):
        return None
    steps = np.diff(np.concatenate(([0.0], coverage)))
    return float(np.sum(steps * risk) / coverage[-1])


def require_both(labels: Labels) -> None:
    """Raises ``OneClassOnly`` unless both classes have items."""
    if not (np.any(labels == 0) and np.any(labels == 1)):
        raise OneClassOnly(f"{int(np.sum(labels == 0))} genuine and {int(np.sum(labels == 1))} manipulated items")
