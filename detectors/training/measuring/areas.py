"""A network and faces in, figures out: logits, areas under the curve with their intervals, false-alarm rates."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from contracts.clips import Pixels
from detectors.training.dataset import network_input

Logits = NDArray[np.float64]
_PASS_PICTURES = 32
_RESAMPLES = 500


@torch.inference_mode()
def logits_of(network: nn.Module, views: Sequence[Pixels]) -> Logits:
    """One logit of *manipulated* per square RGB view; the network must be in evaluation mode."""
    passes = [
        network(network_input(views[at : at + _PASS_PICTURES]).to(memory_format=torch.channels_last))
        for at in range(0, len(views), _PASS_PICTURES)
    ]
    return torch.cat(passes).double().numpy() if passes else np.zeros(0)


def auc(genuine: Sequence[float] | Logits, manipulated: Sequence[float] | Logits) -> float:
    """The chance that a manipulated item scores above a genuine one. Raises ``ValueError`` when a class is empty."""
    from sklearn.metrics import roc_auc_score

    if not len(genuine) or not len(manipulated):
        raise ValueError("an area under the curve needs both classes")
    labels = np.r_[np.zeros(len(genuine)), np.ones(len(manipulated))]
    return float(roc_auc_score(labels, np.r_[np.asarray(genuine), np.asarray(manipulated)]))


def auc_interval(
    genuine: Sequence[float] | Logits, manipulated: Sequence[float] | Logits, groups: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the area for items that come in pairs: whole groups (persons, clips) are drawn again.

    ``groups`` names the group of pair ``i``, whose halves are ``genuine[i]`` and ``manipulated[i]``.
    """
    rng = np.random.default_rng(seed)
    real, fake = np.asarray(genuine), np.asarray(manipulated)
    names, member_of = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(member_of == group) for group in range(len(names))]
    draws = [
        np.concatenate([members[group] for group in rng.integers(len(names), size=len(names))])
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile([auc(real[draw], fake[draw]) for draw in draws], [0.025, 0.975])
    return float(low), float(high)


def share_at_or_above(values: Sequence[float] | Logits, limit: float) -> float:
    """The share of items that reach the limit: the false-alarm rate on genuine ones, the hit rate on manipulated ones.

    Raises:
        ValueError: there are no items.
    """
    if not len(values):
        raise ValueError("no items, no rate")
    return float(np.mean(np.asarray(values) >= limit))


def log_loss(probabilities: Sequence[float], manipulated: Sequence[bool]) -> float:
    """Mean negative log-likelihood; always saying one half gives 0.693."""
    kept = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-6, 1.0 - 1e-6)
    return float(-np.mean(np.where(np.asarray(manipulated), np.log(kept), np.log1p(-kept))))


def unpaired_interval(
    genuine: Sequence[float] | Logits, manipulated: Sequence[float] | Logits, *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the area for items that belong to no pairs: both classes are drawn again, each by itself."""
    rng = np.random.default_rng(seed)
    real, fake = np.asarray(genuine), np.asarray(manipulated)
    areas = [
        auc(real[rng.integers(len(real), size=len(real))], fake[rng.integers(len(fake), size=len(fake))])
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def upper_bound(found: int, of: int, *, level: float = 0.95) -> float:
    """The one-sided upper confidence bound of a share, exact for independent items: 0 of 59 gives 0.05.

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case
    of the binomial".

    Raises:
        ValueError: there are no items, or more were found than there are.
    """
    from scipy.stats import beta

    if not 0 <= found <= of or of == 0:
        raise ValueError(f"{found} of {of} items is no share")
    return 1.0 if found == of else float(beta.ppf(level, found + 1, of - found))
