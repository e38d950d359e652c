"""Scored items of known truth and identity in; their calibration out, measured on people it did not see."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from detectors.calibration.curves import Calibration, Floats, Method, claim_of
from detectors.calibration.fits import Truths, fit_curve
from detectors.calibration.logits import logit
from detectors.evaluation import resampled
from detectors.evaluation.bootstrap import Interval, intervals
from detectors.evaluation.metrics import Bin, honesty, reliability

METHODS: tuple[Method, ...] = ("none", "temperature", "platt", "beta", "isotonic")  # from the simplest on
LEAST_FOR_ISOTONIC = 1000
LEAST_ITEMS, LEAST_IDENTITIES = 10, 4  # of each class; with three identities the rule of three allows no claim at all
MOST_FOLDS = 5
VALID_DAYS = 365
FIGURES = ("log_loss", "brier", "ece")
FIT_SPLIT, REPORT_SPLIT, TRAINING_SPLIT = "calibrate", "test", "train"

T = TypeVar("T")


class TooLittleToFit(ValueError):
    """No calibration can be fitted and measured on these items; the message says how many more are needed."""


class SharedIdentities(ValueError):
    """The same people are to be fitted on and to be reported on; the message names some."""


@dataclass(frozen=True, kw_only=True)
class LabelledScore:
    """One item: its pooled raw score, 0 (genuine) to 1 (manipulated), and its truth.

    ``group`` is its identity: whom it shows, or the clip that it is a copy of. ``split`` ``calibrate`` or ``test`` says
    where it belongs; empty leaves that to cross-fitting. ``file`` says which file it was, for ``data_sha256_of`` only:
    the SHA-256 of its content or else its path, with the name of the copy that was made of it.
    """

    raw: float
    manipulated: bool
    group: str
    split: str = ""
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure and its 95 % interval over resamples of whole identities; no limits where there were too few."""

    value: float
    low: float | None
    high: float | None

    @property
    def limits(self) -> tuple[float, float] | None:
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class MethodLoss:
    """LogLoss of a method on the identities left out of its fits, and how much worse than the best it is.

    ``standard_error`` is that of ``worse_by``, by identity: the two methods are compared on the same people.
    """

    method: Method
    log_loss: float
    worse_by: float
    standard_error: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedCalibration:
    """A calibration with what it is worth on identities that it was not fitted on.

    ``held_out`` are items of a split of their own or, where there is none, the fitted ones, each seen by a curve fitted
    without its identity; ``log_likelihood_ratios`` are what such curves make of them, in their order. ``before`` and
    ``after`` hold ``log_loss``, ``brier`` and ``ece`` of their raw scores and of their calibrated ones, both at their
    prior. ``compared`` is empty where only one method was asked for.
    """

    calibration: Calibration
    compared: tuple[MethodLoss, ...]
    before: Mapping[str, Measured]
    after: Mapping[str, Measured]
    reported_on: str
    held_out: tuple[LabelledScore, ...]
    log_likelihood_ratios: Floats

    @property
    def truths(self) -> Truths:
        return np.array([item.manipulated for item in self.held_out])

    def probabilities(self, *, prior: float | None = None) -> Floats:
        """Of the ``held_out`` items, under ``prior``; without one under their own share of manipulated ones."""
        return _sigmoids(self.log_likelihood_ratios + logit(_share(self.held_out) if prior is None else prior))

    def reliability_before(self) -> list[Bin]:
        """Stated against seen shares of manipulated items, raw scores taken as probabilities."""
        return reliability(self.truths.astype(int), np.array([item.raw for item in self.held_out]))

    def reliability_after(self) -> list[Bin]:
        """The same for calibrated probabilities."""
        return reliability(self.truths.astype(int), self.probabilities())


def fit_best(
    items: Sequence[LabelledScore],
    *,
    name: str,
    fitted_on: str,
    at: datetime,
    method: Method | None = None,
    valid_days: int = VALID_DAYS,
    weights_sha256: str | None = None,
    rounds: int = 500,
    seed: int = 0,
) -> FittedCalibration:
    """Choose a curve, fit it, and measure it on other people than those it was fitted on.

    The method, unless one is asked for, is the :func:`simplest`. Items of the split ``test``, if there are any, are
    only reported on; else each fifth of the identities is reported on by a method chosen and a curve fitted on the
    other four, and the calibration itself is fitted on all. Items of the split ``train`` are left out.

    Raises:
        TooLittleToFit: fewer than 10 items or 4 identities of a class, or too few for the method asked for.
        SharedIdentities: an identity is in both splits.
    """
    fitted, reported = _parts(items)
    require_enough(fitted)
    scores = _Scores.of(fitted)
    compared = _compared(scores, method, seed=seed)
    facts = {"id": name, "fitted_on": fitted_on, "fitted_at": at, "expires_at": at + timedelta(days=valid_days)}
    hashes = {"weights_sha256": weights_sha256, "data_sha256": data_sha256_of(fitted)}
    calibration = _fit(method or simplest(compared), scores, **facts, **hashes)
    if reported:
        ratios = calibration.log_likelihood_ratios(_Scores.of(reported).x)
    else:
        ratios = _cross_fitted(scores, method, seed=seed)
    held_out, told = tuple(reported or fitted), _told(scores, reported)
    return _with_figures(calibration, compared, held_out, ratios, reported_on=told, rounds=rounds, seed=seed)


def _compared(scores: "_Scores", method: Method | None, *, seed: int) -> tuple[MethodLoss, ...]:
    """Nothing where a method is asked for. Raises ``TooLittleToFit`` if that one is not offered for so few items."""
    if method and method not in scores.offered:
        raise TooLittleToFit(f"{method} needs {LEAST_FOR_ISOTONIC} items, {len(scores.x)} are there.")
    return () if method else compare(scores, seed=seed)


def _fit(method: Method, scores: "_Scores", **facts: Any) -> Calibration:
    curve = fit_curve(method, scores.x, scores.truths)
    return Calibration.model_validate({**curve.model_dump(), **scores.counts(), **facts})


def _told(scores: "_Scores", reported: Sequence[LabelledScore]) -> str:
    if reported:
        identities = len({item.group for item in reported})
        return f"the split {REPORT_SPLIT}: {len(reported)} items of {identities} identities"
    folds = f"{_folds_of(scores)} folds of whole identities, each left out once"
    return f"{folds}: {len(scores.x)} items of {len(np.unique(scores.groups))} identities"


def _with_figures(
    calibration: Calibration,
    compared: tuple[MethodLoss, ...],
    held_out: tuple[LabelledScore, ...],
    ratios: Floats,
    *,
    reported_on: str,
    rounds: int,
    seed: int,
) -> FittedCalibration:
    p = _sigmoids(ratios + logit(_share(held_out)))
    raw = np.array([item.raw for item in held_out])
    return FittedCalibration(
        calibration=calibration,
        compared=compared,
        before=_measured(held_out, raw, rounds=rounds, seed=seed),
        after=_measured(held_out, p, rounds=rounds, seed=seed),
        reported_on=reported_on,
        held_out=held_out,
        log_likelihood_ratios=ratios,
    )


def data_sha256_of(items: Sequence[LabelledScore]) -> str:
    """The SHA-256 of files, scores, truths, identities and splits, in any order of the items."""
    lines = sorted(
        f"{item.file}\0{item.raw:.9g}\0{int(item.manipulated)}\0{item.group}\0{item.split}" for item in items
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def require_enough(items: Sequence[LabelledScore]) -> None:
    """Raise ``TooLittleToFit`` with the numbers that are missing; else do nothing."""
    lacks = []
    for manipulated, word in ((False, "genuine"), (True, "manipulated")):
        own = [item for item in items if item.manipulated == manipulated]
        identities = {item.group for item in own}
        if len(own) < LEAST_ITEMS:
            lacks.append(f"{LEAST_ITEMS - len(own)} more {word} items (there are {len(own)} of {LEAST_ITEMS})")
        if len(identities) < LEAST_IDENTITIES:
            lack = LEAST_IDENTITIES - len(identities)
            lacks.append(f"{lack} more identities of {word} items (there are {len(identities)} of {LEAST_IDENTITIES})")
    if lacks:
        raise TooLittleToFit(f"A calibration needs {', and '.join(lacks)}.")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scores:
    """Items as arrays: logits of raw scores, truths, identities."""

    x: Floats
    truths: Truths
    groups: np.ndarray

    @classmethod
    def of(cls, items: Sequence[LabelledScore]) -> "_Scores":
        return cls(
            x=np.array([logit(item.raw) for item in items]),
            truths=np.array([item.manipulated for item in items], dtype=bool),
            groups=np.array([item.group for item in items], dtype=str),
        )

    def at(self, places: np.ndarray) -> "_Scores":
        return _Scores(x=self.x[places], truths=self.truths[places], groups=self.groups[places])

    @property
    def prior(self) -> float:
        return float(self.truths.mean())

    def identities(self, *, manipulated: bool) -> int:
        return len(np.unique(self.groups[self.truths == manipulated]))

    @property
    def claims(self) -> tuple[float, float]:
        """As those of a calibration that is fitted on all of them."""
        return -claim_of(self.identities(manipulated=True)), claim_of(self.identities(manipulated=False))

    def counts(self) -> dict[str, float]:
        return {
            "prior": round(self.prior, 6),
            "n_items": len(self.x),
            "n_genuine": int((~self.truths).sum()),
            "n_manipulated": int(self.truths.sum()),
            "genuine_identities": self.identities(manipulated=False),
            "manipulated_identities": self.identities(manipulated=True),
        }

    @property
    def offered(self) -> tuple[Method, ...]:
        return tuple(one for one in METHODS if one != "isotonic" or len(self.x) >= LEAST_FOR_ISOTONIC)


def _parts(items: Sequence[LabelledScore]) -> tuple[list[LabelledScore], list[LabelledScore]]:
    reported = [item for item in items if item.split == REPORT_SPLIT]
    named = [item for item in items if item.split == FIT_SPLIT]
    fitted = named or [item for item in items if item.split not in (REPORT_SPLIT, TRAINING_SPLIT)]
    shared = sorted({item.group for item in fitted} & {item.group for item in reported})
    if shared:
        raise SharedIdentities(
            f"{len(shared)} identities are to be fitted on and to be reported on, among them {', '.join(shared[:3])}."
        )
    if reported:
        require_enough(reported)
    return fitted, reported


def _folds(scores: _Scores, *, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places to fit on and places to predict, identity by identity in one of the two; every place is predicted once."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(n_splits=_folds_of(scores), shuffle=True, random_state=seed)
    for fitted, left_out in folds.split(scores.x[:, None], scores.truths, scores.groups):
        if len(np.unique(scores.truths[fitted])) < 2:
            raise TooLittleToFit("A calibration needs more identities: those of one class were all left out at once.")
        yield fitted, left_out


def _folds_of(scores: _Scores) -> int:
    least = min(scores.identities(manipulated=truth) for truth in (False, True))
    return max(2, min(MOST_FOLDS, least))


def compare(scores: _Scores, *, seed: int = 0) -> tuple[MethodLoss, ...]:
    """Every method that is offered for so many items, by its LogLoss on left-out identities."""
    losses: dict[Method, Floats] = {one: np.zeros(len(scores.x)) for one in scores.offered}
    for fitted, left_out in _folds(scores, seed=seed):
        for one, of_items in losses.items():
            z = _ratios(one, scores.at(fitted), scores.x[left_out], within=scores.claims) + logit(scores.prior)
            of_items[left_out] = np.logaddexp(0.0, np.where(scores.truths[left_out], -z, z))
    best = min(losses.values(), key=lambda of_items: float(of_items.mean()))
    return tuple(
        MethodLoss(
            method=one,
            log_loss=float(of_items.mean()),
            worse_by=float((of_items - best).mean()),
            standard_error=_standard_error(of_items - best, scores.groups),
        )
        for one, of_items in losses.items()
    )


def simplest(compared: Sequence[MethodLoss]) -> Method:
    """The first of the methods (they come from the simplest on) that is no more than one standard error worse.

    Worse than the best one by its LogLoss on left-out identities. Source: Breiman, Friedman, Olshen and Stone 1984,
    "Classification and regression trees", section 3.4.3.
    """
    return next(one.method for one in compared if one.worse_by <= one.standard_error)


def _standard_error(values: Floats, groups: np.ndarray) -> float:
    """Of the mean of items that are alike within groups: from the spread of the groups' sums."""
    names, group_of = np.unique(groups, return_inverse=True)
    sums = np.bincount(group_of, weights=values - values.mean(), minlength=len(names))
    return float(np.sqrt(len(names) / (len(names) - 1) * np.sum(sums**2)) / len(values))


def _ratios(method: Method, fitted: _Scores, x: Floats, *, within: tuple[float, float]) -> Floats:
    """Log likelihood ratios of ``x`` by a curve of this kind through the fitted items.

    ``within`` are the claims of the calibration that is fitted on everybody in the end: they depend on how many people
    there are and on no score of theirs. The narrower ones of the fold would put a limit below what that one can reach.
    """
    curve = fit_curve(method, fitted.x, fitted.truths)
    return np.clip(curve.logits(x) - logit(fitted.prior), *within)


def _cross_fitted(scores: _Scores, method: Method | None, *, seed: int) -> Floats:
    """Log likelihood ratios of all items, each by a method chosen and a curve fitted without its identity."""
    found = np.zeros(len(scores.x))
    for fitted, left_out in _folds(scores, seed=seed):
        others = scores.at(fitted)
        chosen = method or simplest(compare(others, seed=seed + 1))
        found[left_out] = _ratios(chosen, others, scores.x[left_out], within=scores.claims)
    return found


def _sigmoids(z: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(z / 2.0))


def _share(items: Sequence[LabelledScore]) -> float:
    return sum(item.manipulated for item in items) / len(items)


def _measured(items: Sequence[LabelledScore], p: Floats, *, rounds: int, seed: int) -> dict[str, Measured]:
    labels = np.array([item.manipulated for item in items], dtype=int)
    limits = intervals(
        lambda times: _three(resampled.honesty(labels, p, times)),
        [item.group for item in items],
        rounds=rounds,
        seed=seed,
    )
    return {name: _with_limits(value, limits.get(name)) for name, value in _three(honesty(labels, p)).items()}


def _three(figures: Mapping[str, T]) -> dict[str, T]:
    return {name: figures[name] for name in FIGURES}


def _with_limits(value: float, limits: Interval | None) -> Measured:
    return Measured(value=value, low=limits.low if limits else None, high=limits.high if limits else None)
