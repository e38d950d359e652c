"""``telltale keys`` in, the right command called, lazily."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_HOME = Path(".telltale")
keys_app = typer.Typer(no_args_is_help=True, help="Keys of the API and the dashboard: who may come in, and as what.")

Home = Annotated[
    Path, typer.Option("--home", envvar="TELLTALE_HOME", help="Folder for everything that Telltale writes.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")]


@keys_app.command("create")
def keys_create(
    role: Annotated[str, typer.Option(help="viewer looks, analyst submits and reviews, operator does everything.")],
    name: Annotated[str, typer.Option(help="Whose key it is; records of what was done show it.")],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it once; only its hash is kept."""
    from telltale import keys as command

    command.create(name, role, home, as_json=as_json)


@keys_app.command("list")
def keys_list(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List every key that ever was, without its secret."""
    from telltale import keys as command

    command.list_all(home, as_json=as_json)


@keys_app.command("revoke")
def keys_revoke(
    key: Annotated[str, typer.Argument(metavar="ID_OR_NAME", show_default=False)], home: Home = DEFAULT_HOME
) -> None:
    """Let nobody in with a key any more, from the next request on."""
    from telltale import keys as command

    command.revoke(key, home)
