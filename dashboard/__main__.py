"""``python -m dashboard``: the environment in; the projector out, until SIGTERM or SIGINT."""

import signal
import threading

from contracts.settings import ProjectSettings
from contracts.vocabulary import Stage
from dashboard.projector import run
from ingest.telemetry import configure_logs

_ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT})


def main() -> None:
    settings = ProjectSettings()
    configure_logs(settings, Stage.PROJECT)
    run(settings, _set_on_signal())


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
