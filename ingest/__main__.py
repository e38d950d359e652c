"""``python -m ingest``: the environment in; announced uploads out, until SIGTERM or SIGINT."""

from contracts.settings import IngestSettings
from contracts.vocabulary import Stage
from ingest.bridge import run
from ingest.entry_point import parse_nothing, stop_on_signal
from ingest.telemetry import configure_logs


def main() -> None:
    parse_nothing("python -m ingest", "Announce what arrives in the bucket until SIGTERM.", IngestSettings)
    settings = IngestSettings()
    configure_logs(settings, Stage.INGEST)
    run(settings, stop_on_signal())


if __name__ == "__main__":
    main()
