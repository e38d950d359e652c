"""``telltale submit``: files in, objects in the watched bucket out, and with ``--wait`` their final verdicts.

With ``--keys`` the objects are there already, and only a list of them comes in.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from contracts.errors import ObjectMissing
from contracts.messages import DeadLetter
from contracts.settings import IngestSettings
from contracts.vocabulary import Stage
from ingest.identity import media_id_of
from ingest.object_store import ObjectStore, open_store
from telltale import run_state, submit_keys
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of_run
from telltale.outcomes import Outcome, as_object, table_of
from telltale.paths import files_of
from telltale.run_state import RunState
from telltale.terminal import err, out, say, say_json
from telltale.verdict_feed import OVER, News, VerdictFeed

Clock = Callable[[], float]
WRONG_USE = 2


def run(
    paths: Sequence[str],
    *,
    home: Path,
    wait: bool,
    as_json: bool,
    timeout_s: float,
    keys: str | None = None,
    bucket: str | None = None,
) -> None:
    """Submit and, if wanted, wait.

    Raises:
        CommandFailed: nothing runs in ``home``, a path names nothing, verdicts did not come in time, or both or neither
            of files and keys are given.
    """
    if bool(paths) == (keys is not None) or (keys is None and bucket is not None) or (keys is not None and wait):
        raise CommandFailed("Give either files, or --keys LIST (with --bucket, without --wait).", exit_code=WRONG_USE)
    if keys is not None:
        submit_keys.run(keys, bucket=bucket, home=home, as_json=as_json)
        return
    files = files_of(paths)
    state = run_state.running(home)
    with VerdictFeed(kafka_of_run(state)) if wait else nullcontext() as feed:
        submitted = put_all(files, state)
        if feed is None:
            _name_all(submitted, as_json=as_json)
            return
        outcomes = wait_for(submitted, feed, timeout_s=timeout_s)
    show(outcomes, as_json=as_json)
    if len(outcomes) < len(submitted):
        raise CommandFailed(f"{len(submitted) - len(outcomes)} of {len(submitted)} got no verdict in {timeout_s:g} s.")


def put_all(files: Sequence[Path], state: RunState) -> dict[str, Path]:
    """Copy files into the bucket of a run; each file by the id of the media item that it became.

    Raises:
        CommandFailed: one is larger than the pipeline takes; those before it are in the bucket.
    """
    store = open_store(str(state.bucket))
    return dict(_put(store, file) for file in files)


def _put(store: ObjectStore, file: Path) -> tuple[str, Path]:
    limit_bytes = IngestSettings().max_object_bytes
    if file.stat().st_size > limit_bytes:
        raise CommandFailed(f"{file} has more than {limit_bytes} bytes (TELLTALE_MAX_OBJECT_BYTES); it is not sent.")
    key = free_key(store, file.name)
    store.put_file(key, file)
    return media_id_of(store.bucket, key, store.stat(key).version), file


def free_key(store: ObjectStore, name: str) -> str:
    """``name``, or the first of ``stem-2.suffix``, ``stem-3.suffix`` … that no object of the bucket has yet."""
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while True:
        key = name if number == 1 else f"{stem}-{number}{suffix}"
        try:
            store.stat(key)
        except ObjectMissing:
            return key
        number += 1


def wait_for(
    submitted: dict[str, Path], feed: VerdictFeed, *, timeout_s: float, clock: Clock = time.monotonic
) -> list[Outcome]:
    """The final verdict or dead letter of each submitted item, in the order of submission; fewer after the time-out."""
    settled: dict[str, News] = {}
    give_up_s = clock() + timeout_s
    with err.status(f"Waiting for {len(submitted)} verdicts") as waiting:
        while len(settled) < len(submitted) and clock() < give_up_s:
            for news in feed.poll():
                if news.media_id in submitted and is_over(news):
                    settled[news.media_id] = news
            waiting.update(f"{len(settled)} of {len(submitted)} verdicts")
    return [Outcome(path=str(file), news=settled[item]) for item, file in submitted.items() if item in settled]


def is_over(news: News) -> bool:
    """Whether nothing more is to come of this item: its final verdict, or a dead letter from before any detector."""
    if isinstance(news, DeadLetter):
        return news.stage in (Stage.INGEST, Stage.EXTRACT)
    return news.lifecycle in OVER


def show(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print outcomes: one JSON object per line, or a table."""
    if as_json:
        for outcome in outcomes:
            say_json(as_object(outcome))
    else:
        out.print(table_of(outcomes))


def _name_all(submitted: dict[str, Path], *, as_json: bool) -> None:
    for item, file in submitted.items():
        if as_json:
            say_json({"path": str(file), "media_id": item})
        else:
            say(f"{file} is media item {item}")
