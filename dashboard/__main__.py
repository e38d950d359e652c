"""``python -m dashboard``: the environment in; the projector out, until SIGTERM or SIGINT."""

import argparse
import signal
import threading

from pydantic import AliasChoices

from contracts.settings import ProjectSettings
from contracts.vocabulary import Stage
from dashboard.projector import run
from ingest.telemetry import configure_logs

_ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT})


def main() -> None:
    _parsed()
    settings = ProjectSettings()
    configure_logs(settings, Stage.PROJECT)
    run(settings, _set_on_signal())


def _parsed() -> argparse.Namespace:
    """The command line, which only knows ``--help``: everything else is in the environment."""
    variables = "\n".join(
        f"  {_variable(name, about.validation_alias)}: {about.description}"
        for name, about in ProjectSettings.model_fields.items()
    )
    return argparse.ArgumentParser(
        prog="python -m dashboard",
        description="Keep the read model of the dashboard in step with the topics until SIGTERM.",
        epilog=f"environment:\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()


def _variable(name: str, alias: object) -> str:
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TELLTALE_{name.upper()}"


def _set_on_signal() -> threading.Event:
    """An event that the first signal to end sets; it waits in a thread, where no lock can be in its way."""
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)

    def wait() -> None:
        signal.sigwait(_ENDINGS)
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


if __name__ == "__main__":
    main()
