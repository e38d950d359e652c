"""Logits of pooled raw scores in, calibrated logits and likelihood ratios out, by one of five kinds of rising curve."""

import math
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from detectors.calibration.logits import logit, sigmoid

Floats = NDArray[np.float64]
Method = Literal["none", "temperature", "platt", "beta", "isotonic"]
_RULE_OF_THREE = 3.0


class Curve(BaseModel):
    """A rising curve from the logit ``x`` of a pooled raw score to a calibrated logit.

    ============ ==========================================================================
    none         ``x``
    temperature  ``a * x``, where ``1 / a`` is the temperature
    platt        ``a * x + b``
    beta         ``a * ln(raw) - c * ln(1 - raw) + b``
    isotonic     straight lines between the ``knots`` (x, calibrated logit), flat beyond them
    ============ ==========================================================================

    Sources: Platt 1999, "Probabilistic outputs for support vector machines"; Guo, Pleiss, Sun and Weinberger 2017, "On
    calibration of modern neural networks" (temperature); Kull, Silva Filho and Flach 2017, "Beta calibration"; Zadrozny
    and Elkan 2002, "Transforming classifier scores into accurate multiclass probability estimates" (isotonic).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    a: float = Field(default=1.0, ge=0.0, allow_inf_nan=False)
    b: float = Field(default=0.0, allow_inf_nan=False)
    c: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    knots: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _numbers_fit_the_method(self) -> Self:
        if self.method not in ("platt", "beta") and self.b != 0.0:
            raise ValueError(f"{self.method} has no shift, got b = {self.b}")
        if self.method in ("none", "isotonic") and self.a != 1.0:
            raise ValueError(f"{self.method} has no slope, got a = {self.a}")
        if (self.method == "beta") != (self.c is not None):
            raise ValueError(f"beta has a second slope and the others have none, got {self.method} with c = {self.c}")
        if (self.method == "isotonic") != bool(self.knots):
            raise ValueError(f"isotonic has knots and the others have none, got {self.method} with {len(self.knots)}")
        if self.knots and not _rises(np.array(self.knots)):
            raise ValueError("the knots must be finite, one after another, and never fall")
        return self

    def logits(self, raw_logits: ArrayLike) -> Floats:
        """Calibrated logits, of the same shape, under the share of manipulated items that the curve was fitted on."""
        x = np.asarray(raw_logits, dtype=np.float64)
        if self.method == "isotonic":
            at, values = np.array(self.knots).T
            return np.interp(x, at, values)
        if self.method == "beta":
            return self.b - self.a * np.logaddexp(0.0, -x) + (self.c or 0.0) * np.logaddexp(0.0, x)
        return self.a * x + self.b


def _rises(knots: Floats) -> bool:
    steps = np.diff(knots, axis=0)
    return bool(np.isfinite(knots).all() and (steps[:, 0] > 0.0).all() and (steps[:, 1] >= 0.0).all())


def claim_of(n_of_class: float) -> float:
    """The largest log likelihood ratio that ``n_of_class`` independent items can support.

    Without one error among n items nobody can claim an error rate under about 3/n (the rule of three; Hanley and
    Lippman-Hand 1983, "If nothing goes wrong, is everything all right?").
    """
    return math.log(max(n_of_class / _RULE_OF_THREE, 1.0))


class Calibration(Curve):
    """How a detector's pooled raw scores become probabilities, on what that was fitted, and until when it holds.

    ``prior`` is the share of manipulated items among the ``n_items`` it was fitted on. Items of one identity (a person,
    or the clip that copies were made of) are not independent, so where the numbers of identities are known they limit
    what may be claimed, else the numbers of items. After ``expires_at`` the fit is too old to be believed without a new
    look. ``weights_sha256`` names the weights whose scores it was fitted on; the scores of others are not calibrated by
    it. Weights that the card pins need not be named. ``data_sha256`` is that of the fitted scores and labels.
    """

    id: str
    prior: float = Field(gt=0.0, lt=1.0)
    fitted_on: str
    fitted_at: AwareDatetime
    expires_at: AwareDatetime
    n_items: NonNegativeInt
    n_genuine: NonNegativeInt | None = None
    n_manipulated: NonNegativeInt | None = None
    genuine_identities: NonNegativeInt | None = None
    manipulated_identities: NonNegativeInt | None = None
    weights_sha256: str | None = None
    data_sha256: str | None = None

    @property
    def claims(self) -> tuple[float, float]:
        """Least and largest log likelihood ratio that the items it was fitted on can support."""
        genuine, manipulated = self.genuine_identities, self.manipulated_identities
        return (
            -claim_of(self.n_items * self.prior if manipulated is None else manipulated),
            claim_of(self.n_items * (1.0 - self.prior) if genuine is None else genuine),
        )

    def log_likelihood_ratios(self, raw_logits: ArrayLike) -> Floats:
        """How much more likely such scores are on manipulated items, as natural logarithms, within ``claims``.

        That is the calibrated logit without the prior of the fit, so that any other prior can be put in its place.
        """
        return np.clip(self.logits(raw_logits) - logit(self.prior), *self.claims)

    def posterior_logits(self, raw_logits: ArrayLike, *, prior: float | None = None) -> Floats:
        """Logits of the probabilities of manipulation under ``prior``; without one under that of the fit."""
        return self.log_likelihood_ratios(raw_logits) + logit(self.prior if prior is None else prior)

    def probability(self, raw: float, *, prior: float | None = None) -> float:
        """The probability of manipulation of a pooled raw score; rises (or stays flat) with ``raw``."""
        return sigmoid(float(self.posterior_logits(logit(raw), prior=prior)))
