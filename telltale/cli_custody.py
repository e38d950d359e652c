"""``telltale verify``, ``expire`` and ``delete`` in, the right command called, lazily."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_HOME = Path(".telltale")

Home = Annotated[
    Path, typer.Option("--home", envvar="TELLTALE_HOME", help="Folder for everything that Telltale writes.")
]
Bucket = Annotated[
    str | None, typer.Option("--bucket", help="Watched folder or s3://NAME[/PREFIX]. [default: that of the run]")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def register(app: typer.Typer) -> None:
    """Add the commands of custody to the command line."""
    for command in (verify, expire, delete):
        app.command()(command)


def verify(
    item: Annotated[
        str | None, typer.Argument(help="Id, its beginning, or the object's key.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every item.")] = False,
    rejudge: Annotated[
        bool, typer.Option("--rejudge", help="Judge again from the scores that Kafka still holds, and compare.")
    ] = False,
    anchors: Annotated[
        list[Path] | None, typer.Option("--anchors", help="A copy of the anchors that was kept elsewhere.")
    ] = None,
    bucket: Bucket = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Check the audit chain, media, evidence, weights. Exit 0: holds, 1: broken, 2: something cannot be checked."""
    from telltale import verify as command

    wish = command.Wish(
        home=home,
        item=item,
        everything=everything,
        rejudge=rejudge,
        bucket=bucket,
        copies=tuple(anchors or ()),
        as_json=as_json,
    )
    raise typer.Exit(command.run(wish))


def expire(
    dry_run: DryRun = False,
    every_s: Annotated[
        float | None, typer.Option("--every", min=1.0, help="Go on, each so many seconds, until SIGTERM.")
    ] = None,
    bucket: Bucket = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Remove what is older than TELLTALE_KEEP_… allows; verdict and audit chain stay, and note what went."""
    from telltale import expire as command

    wish = command.Wish(home=home, bucket=bucket, dry_run=dry_run, every_s=every_s, as_json=as_json)
    raise typer.Exit(command.run(wish))


def delete(
    item: Annotated[str, typer.Argument(help="Id, its beginning, or the object's key.", show_default=False)],
    because: Annotated[str, typer.Option(help="Why; it stays on record, so name nobody.", show_default=False)],
    media: Annotated[bool, typer.Option("--media", help="Also the object in the bucket.")] = False,
    dry_run: DryRun = False,
    bucket: Bucket = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Delete one item everywhere: crops, rows, caches, traces in logs; one record stays that says so, and why."""
    from telltale import delete as command

    wish = command.Wish(
        home=home, item=item, because=because, media=media, dry_run=dry_run, bucket=bucket, as_json=as_json
    )
    command.run(wish)
