"""``python -m ingest``: the environment in; announced uploads out, until SIGTERM or SIGINT."""

from contracts.settings import IngestSettings
from contracts.vocabulary import Stage
from ingest.bridge import run
from ingest.entry_point import ending_when_refused, parse_nothing, stop_on_signal
from ingest.kafka_login import knock_if_there
from ingest.telemetry import configure_logs


def main() -> None:
    parse_nothing("python -m ingest", "Announce what arrives in the bucket until SIGTERM.", IngestSettings)
    settings = IngestSettings()
    configure_logs(settings, Stage.INGEST)
    with ending_when_refused():
        knock_if_there(settings)
        run(settings, stop_on_signal())


if __name__ == "__main__":
    main()
