"""``python -m ingest``: the environment in; announced uploads out, until SIGTERM or SIGINT."""

import signal
import threading

from contracts.settings import IngestSettings
from contracts.vocabulary import Stage
from ingest.bridge import run
from ingest.telemetry import configure_logs

_ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT})


def main() -> None:
    settings = IngestSettings()
    configure_logs(settings, Stage.INGEST)
    run(settings, _set_on_signal())


def _set_on_signal() -> threading.Event:
    """An event that the first signal to end sets."""
    stop = threading.Event()
    # A handler would run in the main thread and could find it inside the event's own lock, so a thread waits instead;
    # every later thread inherits the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)

    def wait() -> None:
        signal.sigwait(_ENDINGS)
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


if __name__ == "__main__":
    main()
