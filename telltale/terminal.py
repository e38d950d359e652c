"""Rich consoles: results go to stdout, everything said on the way to stderr."""

import json
from collections.abc import Mapping

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def say(sentence: str) -> None:
    """One sentence of progress for whoever looks on."""
    err.print(sentence, markup=False, style="dim", soft_wrap=True)


def say_json(body: Mapping[str, object]) -> None:
    """One JSON object on one line of stdout."""
    typer.echo(json.dumps(body, ensure_ascii=False, allow_nan=False))
