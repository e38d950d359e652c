"""``telltale watch``: a home folder in; its verdict events as lines or JSON out, until Ctrl-C."""

from pathlib import Path

from contracts.messages import DeadLetter
from telltale.kafka_of_run import kafka_of
from telltale.outcomes import line_of
from telltale.terminal import out, say, say_json
from telltale.verdict_feed import News, VerdictFeed


def run(home: Path, *, as_json: bool, from_beginning: bool) -> None:
    """Print events as they come; does not return by itself."""
    with VerdictFeed(kafka_of(home), from_beginning=from_beginning) as feed:
        if not as_json:
            say("Waiting for verdicts; stop with Ctrl-C.")
        while True:
            for news in feed.poll():
                show(news, as_json=as_json)


def show(news: News, *, as_json: bool) -> None:
    """Print one event."""
    if as_json:
        say_json({"schema": news.SCHEMA, **news.model_dump(mode="json")})
    elif isinstance(news, DeadLetter):
        line = f"{news.failed_at.astimezone():%H:%M:%S}  {news.media_id}  set aside by {news.stage}: {news.detail}"
        out.print(line, markup=False, soft_wrap=True)
    else:
        out.print(line_of(news), markup=False, soft_wrap=True)
