"""The ``search`` section of a configuration in; checked ranges and choices of settings out.

A section names settings by path, each with a range or a list of choices::

    {"schedule.learning_rate": {"low": 1e-4, "high": 1e-3, "log": true}, "network.srm": [true, false]}
"""

import json
from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.setting_paths import (
    decides_what_is_watched,
    guess_for,
    known_paths,
    sentence_of,
    with_values,
)

Space = Mapping[str, BaseDistribution]
# Pairs may be searched: trials are all watched on the pairs of the configuration that the search starts from.
_SEARCHED_ALL_THE_SAME = "pairs."
_FIXED = {
    "name": "each trial has a name of its own",
    "out": "each trial has a folder of its own",
    "seed": "the best of several seeds is luck; train the best settings with other seeds afterwards",
    "schedule.checkpoint_every": "a run that is looked at more often looks better at best",
}
_WATCHED = "it decides on whom trials are compared"


class SpaceUnusable(ValueError):
    """A search cannot be made of what the section says; the message names the setting."""


class _Range(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @model_validator(mode="after")
    def _can_be_drawn_from(self) -> "_Range":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range must begin above 0")
        if self.log and self.step is not None:
            raise ValueError("a logarithmic range has no step")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"step ({self.step:g}) must be above 0 and fit into the range")
        return self


def space_of(section: Any, base: TrainingConfig) -> Space:
    """What may be drawn for each setting, in the order of the section.

    Choices are kept as JSON text, so that lists and objects can be chosen too; ``drawn`` turns them back.

    Raises:
        SpaceUnusable: the section is empty, names no setting, one that must stay, or values that it cannot have.
    """
    if not isinstance(section, Mapping) or not section:
        raise SpaceUnusable('the section "search" must name at least one setting with a range or a list of choices')
    return {path: _distribution(path, wish, base) for path, wish in section.items()}


def drawn(values: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Settings by path, as a configuration holds them, of what was drawn from the space."""
    return {
        path: json.loads(value) if isinstance(space[path], CategoricalDistribution) else value
        for path, value in values.items()
    }


def configured(base: TrainingConfig, values: Mapping[str, Any]) -> TrainingConfig:
    """The configuration with other settings at these paths. Raises pydantic's ``ValidationError``."""
    return TrainingConfig.model_validate(with_values(base.model_dump(mode="json"), values))


def _distribution(path: str, wish: Any, base: TrainingConfig) -> BaseDistribution:
    _require_free(path)
    if isinstance(wish, list):
        return _choices(path, wish, base)
    if not isinstance(wish, Mapping):
        raise SpaceUnusable(f'{path} needs a list of choices or a range like {{"low": 1, "high": 2}}')
    try:
        span = _Range.model_validate(wish)
    except ValidationError as error:
        reasons = (f"{'.'.join(map(str, one['loc']))} {one['msg']}".strip() for one in error.errors())
        raise SpaceUnusable(f"the range of {path} cannot be used: {'; '.join(reasons)}") from error
    return _range(path, span, base)


def _require_free(path: str) -> None:
    if path not in known_paths() and not path.startswith("pairs.families."):
        raise SpaceUnusable(f"{path} is no setting of a training run{guess_for(path)}")
    reason = _FIXED.get(path)
    if reason is None and decides_what_is_watched(path) and not path.startswith(_SEARCHED_ALL_THE_SAME):
        reason = _WATCHED
    if reason is not None:
        raise SpaceUnusable(f"{path} cannot be searched: {reason}")


def _choices(path: str, wish: list[Any], base: TrainingConfig) -> CategoricalDistribution:
    texts = [json.dumps(value, sort_keys=True) for value in wish]
    if len(set(texts)) < 2:
        raise SpaceUnusable(f"{path} needs at least two different choices")
    for value in wish:
        _require_valid(path, value, base)
    return CategoricalDistribution(list(dict.fromkeys(texts)))


def _range(path: str, span: _Range, base: TrainingConfig) -> BaseDistribution:
    for value in (span.low, span.high):
        _require_valid(path, value, base)
    if not _takes_fractions(path, span, base):
        step = 1 if span.step is None else span.step
        if any(value != int(value) for value in (span.low, span.high, step)):
            raise SpaceUnusable(f"{path} takes whole numbers only")
        return IntDistribution(int(span.low), int(span.high), log=span.log, step=int(step))
    return FloatDistribution(float(span.low), float(span.high), log=span.log, step=span.step)


def _takes_fractions(path: str, span: _Range, base: TrainingConfig) -> bool:
    between = span.low + (span.high - span.low) / 2.0
    between = between if between != int(between) else span.low + 0.5
    try:
        configured(base, {path: between})
    except ValidationError:
        return False
    return True


def _require_valid(path: str, value: Any, base: TrainingConfig) -> None:
    try:
        configured(base, {path: value})
    except ValidationError as error:
        raise SpaceUnusable(f"{path} cannot be {json.dumps(value)}: {sentence_of(error)}") from error
