"""A configuration file and wishes from the command line in; checked settings of a training run out, or one sentence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.setting_paths import sentence_of, with_values
from telltale.errors import CommandFailed

BAD_CONFIG = 2
SEARCH = "search"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What the command line says otherwise than the file; ``settings`` are words like ``schedule.steps=100``."""

    out: Path | None = None
    seed: int | None = None
    device: str | None = None
    settings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The settings of a run, and the ``search`` section where the file has one."""

    config: TrainingConfig
    search: Any = None


def read(path: Path, changes: Changes) -> ConfigFile:
    """The settings in a JSON file, changed as the command line says.

    Raises:
        CommandFailed: there is no such file, it is no JSON, or a setting cannot be what it says; exit code 2.
    """
    body = dict(_object_in(path))
    section = body.pop(SEARCH, None)
    values = _values(changes)
    try:
        # As JSON, because there a list can be what Python would want a tuple for.
        return ConfigFile(TrainingConfig.model_validate_json(json.dumps(with_values(body, values))), section)
    except ValidationError as error:
        raise CommandFailed(f"{path} cannot be used: {sentence_of(error)}", exit_code=BAD_CONFIG) from error


def section_in(path: Path) -> Any:
    """What a file with nothing but a ``search`` section holds, with or without its name. Raises ``CommandFailed``."""
    body = _object_in(path)
    return body.get(SEARCH, body)


def _object_in(path: Path) -> Mapping[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CommandFailed(f"There is no file {path}", exit_code=BAD_CONFIG) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path} cannot be read: {error}", exit_code=BAD_CONFIG) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CommandFailed(f"{path} is no JSON: {error.msg} ({where})", exit_code=BAD_CONFIG) from error
    if not isinstance(body, dict):
        raise CommandFailed(f"{path} must hold one JSON object", exit_code=BAD_CONFIG)
    return body


def _values(changes: Changes) -> dict[str, Any]:
    known = {"out": None if changes.out is None else str(changes.out), "seed": changes.seed, "device": changes.device}
    given = {name: value for name, value in known.items() if value is not None}
    return given | dict(_setting(words) for words in changes.settings)


def _setting(words: str) -> tuple[str, Any]:
    path, equals, text = words.partition("=")
    if not equals or not path.strip():
        raise CommandFailed(f"--set {words} has not the form schedule.steps=100", exit_code=BAD_CONFIG)
    try:
        return path.strip(), json.loads(text)
    except json.JSONDecodeError:
        return path.strip(), text
