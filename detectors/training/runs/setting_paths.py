"""Settings by path (``schedule.steps``) in, configurations and what differs between them out."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from detectors.training.configuration import Data, TrainingConfig

Values = Mapping[str, Any]
_COMPARABLE = ("data.labelled_share", "data.cache", "pairs.input_px", "pairs.margin")


def known_paths() -> tuple[str, ...]:
    """Every setting of a run that stands alone, in the order of the configuration."""
    return tuple(_paths_of(TrainingConfig))


@cache
def defaults() -> Values:
    """What each setting is where a configuration does not name it; settings without a default are left out."""
    known = flat(TrainingConfig.model_construct(data=Data()).model_dump(mode="json"))
    return {path: value for path, value in known.items() if path in known_paths()}


def flat(config: Values) -> dict[str, Any]:
    """The settings of a configuration, given as JSON would hold it, by path."""
    sections = _sections(TrainingConfig)
    whole = {name: value for name, value in config.items() if name not in sections}
    parts = [(name, config[name]) for name in sections if isinstance(config.get(name), Mapping)]
    return whole | {f"{name}.{inner}": value for name, part in parts for inner, value in part.items()}


def changed_from_defaults(config: Values) -> dict[str, Any]:
    """The settings that say something else than their defaults, in the order of the configuration."""
    return {path: value for path, value in flat(config).items() if path not in defaults() or defaults()[path] != value}


def differing(configs: Sequence[Values]) -> dict[str, list[Any]]:
    """The settings in which configurations differ, one value per configuration; where one is silent, the default."""
    known = [{**defaults(), **flat(config)} for config in configs]
    paths = dict.fromkeys(path for one in known for path in one)
    values = {path: [one.get(path) for one in known] for path in paths}
    return {path: each for path, each in values.items() if any(value != each[0] for value in each)}


def decides_what_is_watched(path: str) -> bool:
    """Whether a setting changes the people or the pairs that the watch AUC is measured on.

    Runs that differ in such a setting cannot be compared by their watch AUC.
    """
    head, _, tail = path.partition(".")
    return path not in _COMPARABLE and (head in ("seed", "data", "pairs") or tail == "check_pairs")


def with_values(config: Values, values: Values) -> dict[str, Any]:
    """A copy of a configuration, as JSON holds it, with other settings at these paths; nothing is checked."""
    changed = _copied(config)
    for path, value in values.items():
        *sections, last = path.split(".")
        inner = changed
        for section in sections:
            if not isinstance(inner.get(section), dict):
                inner[section] = {}
            inner = inner[section]
        inner[last] = value
    return changed


def sentence_of(error: ValidationError) -> str:
    """What is wrong with a configuration, each setting named once."""
    return "; ".join(dict.fromkeys(_clause(one) for one in error.errors(include_url=False)))


def guess_for(path: str) -> str:
    """Words that name the closest setting, or none."""
    close = difflib.get_close_matches(path, known_paths(), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _clause(one: ErrorDetails) -> str:
    path = ".".join(str(step) for step in one["loc"])
    if one["type"] == "extra_forbidden":
        return f"{path} is no setting of a training run{guess_for(path)}"
    if one["type"] == "missing":
        return f"{path} is missing"
    reason = one["msg"][:1].lower() + one["msg"][1:]
    return f"{path or 'the configuration'}: {reason} (it says {_short(one['input'])})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _paths_of(part: type[BaseModel]) -> Iterator[str]:
    sections = _sections(part)
    for name in part.model_fields:
        if name in sections:
            yield from (f"{name}.{inner}" for inner in _paths_of(sections[name]))
        else:
            yield name


def _sections(part: type[BaseModel]) -> dict[str, type[BaseModel]]:
    kinds = {name: field.annotation for name, field in part.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}


def _copied(config: Values) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in config.items()}
