"""``telltale watch``: a home folder in; its verdict events as lines or JSON out, until Ctrl-C."""

import os
from pathlib import Path

from contracts.messages import DeadLetter
from telltale import run_state
from telltale.outcomes import line_of
from telltale.terminal import out, say, say_json
from telltale.up import KAFKA_VARIABLE
from telltale.verdict_feed import News, VerdictFeed


def run(home: Path, *, as_json: bool, from_beginning: bool) -> None:
    """Print events as they come; does not return by itself."""
    with VerdictFeed(kafka_of(home), from_beginning=from_beginning) as feed:
        if not as_json:
            say("Waiting for verdicts; stop with Ctrl-C.")
        while True:
            for news in feed.poll():
                show(news, as_json=as_json)


def kafka_of(home: Path) -> str:
    """The Kafka of the run in ``home``, else the one that KAFKA_BOOTSTRAP_SERVERS names.

    Raises:
        CommandFailed: nothing runs in ``home`` and the variable is not set.
    """
    return run_state.read(home).kafka or os.environ.get(KAFKA_VARIABLE) or str(run_state.running(home).kafka)


def show(news: News, *, as_json: bool) -> None:
    """Print one event."""
    if as_json:
        say_json({"schema": news.SCHEMA, **news.model_dump(mode="json")})
    elif isinstance(news, DeadLetter):
        line = f"{news.failed_at.astimezone():%H:%M:%S}  {news.media_id}  set aside by {news.stage}: {news.detail}"
        out.print(line, markup=False, soft_wrap=True)
    else:
        out.print(line_of(news), markup=False, soft_wrap=True)
