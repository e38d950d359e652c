"""What the entry points of plain processes share: an answer to ``--help``, and an event that a signal to end sets."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from pydantic import AliasChoices

from contracts.errors import LoginRefused
from contracts.settings import ProcessSettings

_ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT})


def parse_nothing(prog: str, about: str, settings: type[ProcessSettings]) -> None:
    """Take a command line that only knows ``--help``: everything else is in the environment, which the help names."""
    argparse.ArgumentParser(
        prog=prog,
        description=about,
        epilog=environment_of(settings),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()


def environment_of(settings: type[ProcessSettings]) -> str:
    """The variables that a process reads, one a line, for its help."""
    variables = (
        f"  {_variable(name, field.validation_alias)}: {field.description}"
        for name, field in settings.model_fields.items()
    )
    return "\n".join(("environment:", *variables))


def stop_on_signal() -> threading.Event:
    """An event that the first SIGTERM or SIGINT sets; call it before any other thread is started."""
    stop = threading.Event()
    # A handler would run in the main thread and could find it inside the event's own lock, so a thread waits instead;
    # every later thread inherits the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)

    def wait() -> None:
        signal.sigwait(_ENDINGS)
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


@contextmanager
def ending_when_refused() -> Iterator[None]:
    """End the process with status 1 and one line in its log where a server is there and does not let us in."""
    try:
        yield
    except LoginRefused as why:
        structlog.get_logger().error("login_refused", why=str(why))
        sys.exit(1)


def _variable(name: str, alias: object) -> str:
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TELLTALE_{name.upper()}"
