"""``telltale dead-letters``, ``reconcile``, ``api``, ``kafka-acls`` and measurements in, the command called, lazily."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_HOME = Path(".telltale")

dead_letters_app = typer.Typer(
    no_args_is_help=True, help="Messages that no retry could save: look at them, put them back, give them up."
)

Home = Annotated[
    Path, typer.Option("--home", envvar="TELLTALE_HOME", help="Folder for everything that Telltale writes.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, or their beginnings.", show_default=False)
]
Stage = Annotated[str | None, typer.Option(help="Only of this stage: ingest, extract, detect, aggregate, project.")]
Reason = Annotated[str | None, typer.Option(help="Only with this reason, as `list` shows it.")]
Topic = Annotated[str | None, typer.Option(help="Only of messages that came from this topic.")]
Since = Annotated[str | None, typer.Option(help="Only parked since: 30m, 2h, 3d ago, or an ISO date or time.")]
Key = Annotated[str | None, typer.Option(help="Only of this media item, or of this message key.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest first.")]
Everything = Annotated[bool, typer.Option("--all", help="Mean every open letter.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which they would be.")]


def register(app: typer.Typer, bench_app: typer.Typer) -> None:
    """Add the commands of operators to the command line and their measurement to ``bench``."""
    app.add_typer(dead_letters_app, name="dead-letters")
    app.command()(reconcile)
    app.command()(api)
    app.command()(kafka_acls)
    bench_app.command("reconcile")(bench_reconcile)
    bench_app.command("api")(bench_api)
    bench_app.command("pages")(bench_pages)


@dead_letters_app.command("list")
def dead_letters_list(
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    key: Key = None,
    limit: Limit = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also those that were replayed or dropped.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List the open dead letters, oldest first."""
    from telltale import dead_letters_shown as command

    wish = command.Wish(
        home=home, stage=stage, reason=reason, topic=topic, since=since, key=key, limit=limit, as_json=as_json
    )
    command.list_letters(wish, settled_too=settled)


@dead_letters_app.command("show")
def dead_letters_show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="Id, or its beginning.", show_default=False)],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Print everything about one letter: its message, headers, place, traceback, and what became of it."""
    from telltale import dead_letters_shown as command

    command.show_letter(letter, home, as_json=as_json)


@dead_letters_app.command("replay")
def dead_letters_replay(
    ids: Ids = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    key: Key = None,
    everything: Everything = False,
    limit: Limit = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Messages per second. [default: no limit]")] = None,
    because: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    dry_run: DryRun = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Put messages back on their topics, one try further, and mark their letters as replayed."""
    from telltale import dead_letters_shown as command

    wish = command.Wish(
        home=home,
        ids=ids or (),
        stage=stage,
        reason=reason,
        topic=topic,
        since=since,
        key=key,
        limit=limit,
        dry_run=dry_run,
        as_json=as_json,
    )
    command.replay_letters(wish, everything=everything, rate=rate, because=because)


@dead_letters_app.command("drop")
def dead_letters_drop(
    because: Annotated[str, typer.Option(help="Why; kept with the letter.", show_default=False)],
    ids: Ids = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    key: Key = None,
    everything: Everything = False,
    limit: Limit = None,
    dry_run: DryRun = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Mark letters as given up; they stay on their topic and are no longer listed as open."""
    from telltale import dead_letters_shown as command

    wish = command.Wish(
        home=home,
        ids=ids or (),
        stage=stage,
        reason=reason,
        topic=topic,
        since=since,
        key=key,
        limit=limit,
        dry_run=dry_run,
        as_json=as_json,
    )
    command.drop_letters(wish, everything=everything, because=because)


@dead_letters_app.command("resume")
def dead_letters_resume(
    stage: Annotated[str | None, typer.Argument(help="Which stage. [default: all]", show_default=False)] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Let a stage go on that stopped itself because it parked too many messages."""
    from telltale import dead_letters_shown as command

    command.resume(stage, home, as_json=as_json)


def api(
    address: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: TELLTALE_API_ADDRESS, else 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port. [default: TELLTALE_API_PORT, else 8502]")
    ] = None,
    home: Annotated[
        Path | None, typer.Option("--home", envvar="TELLTALE_HOME", help="Folder for everything that Telltale writes.")
    ] = None,
) -> None:
    """Serve the API alone, with the settings of the environment; `up` does this by itself."""
    from telltale import api as command

    command.run(address=address, port=port, home=home)


def kafka_acls(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="Which parts. [default: all]", show_default=False)
    ] = None,
    detectors: Annotated[
        str | None, typer.Option("--detectors", help="Names, comma-separated. [default: TELLTALE_DETECTORS]")
    ] = None,
    prefix: Annotated[str, typer.Option("--users", help="What the names of the users begin with.")] = "telltale-",
    apply: Annotated[
        bool, typer.Option("--apply", help="Make the rules in Kafka, as a user that may; else they are printed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what each part of a deployment may do in Kafka, for one user a part: the least that it needs."""
    from telltale import kafka_acls as command

    command.run(command.Wish(parts=parts or (), prefix=prefix, is_applied=apply, as_json=as_json), detectors)


def reconcile(
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="Watched folder or s3://NAME[/PREFIX]. [default: that of the run]")
    ] = None,
    emit: Annotated[bool, typer.Option("--emit", help="Announce what is missing.")] = False,
    every_s: Annotated[
        float | None, typer.Option("--every", min=1.0, help="Go on, each so many seconds, until SIGTERM.")
    ] = None,
    settle_s: Annotated[
        float, typer.Option("--younger", min=0.0, help="Leave objects alone that are younger than this, in seconds.")
    ] = 120.0,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Compare the bucket with what is known of it: what was never announced, was replaced, or has vanished."""
    from telltale import reconcile as command

    wish = command.Wish(home=home, bucket=bucket, emit=emit, as_json=as_json, every_s=every_s, settle_s=settle_s)
    command.run(wish)


def bench_reconcile(
    objects: Annotated[int, typer.Option(min=100, help="Files in the bucket.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Time `reconcile` on a folder of many files and measure its memory."""
    from telltale import bench_reconcile as command

    command.run(objects, as_json=as_json)


def bench_api(
    small: Annotated[int, typer.Option(min=10, help="Items of the one read model.")] = 100,
    large: Annotated[int, typer.Option(min=10, help="Items of the other.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=5, help="Requests of each operation.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Time every operation of the API over few and over many items. Exit status 1 where many take over 3 times."""
    from telltale import bench_api as command

    raise typer.Exit(command.run(small, large, rounds=rounds, as_json=as_json))


def bench_pages(
    small: Annotated[int, typer.Option(min=10, help="Items of the one read model.")] = 100,
    large: Annotated[int, typer.Option(min=10, help="Items of the other.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="Looks at each page.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Time every page over few and over many items. Exit status 1 where many take over 3 times."""
    from telltale import bench_pages as command

    raise typer.Exit(command.run(small, large, rounds=rounds, as_json=as_json))
