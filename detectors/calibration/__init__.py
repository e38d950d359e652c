"""Raw scores in, probabilities out, applied after a track's clips are pooled: curves, and how they are fitted."""

from detectors.calibration.curves import Calibration, Curve, Method, claim_of
from detectors.calibration.fits import fit_curve, fit_platt
from detectors.calibration.logits import logit, pooled, sigmoid

__all__ = ["Calibration", "Curve", "Method", "claim_of", "fit_curve", "fit_platt", "logit", "pooled", "sigmoid"]
