"""``python -m dashboard``: the environment in; the projector out, until SIGTERM or SIGINT."""

from contracts.settings import ProjectSettings
from contracts.vocabulary import Stage
from dashboard.projector import run
from ingest.entry_point import parse_nothing, stop_on_signal
from ingest.telemetry import configure_logs


def main() -> None:
    about = "Keep the read model of the dashboard in step with the topics until SIGTERM."
    parse_nothing("python -m dashboard", about, ProjectSettings)
    settings = ProjectSettings()
    configure_logs(settings, Stage.PROJECT)
    run(settings, stop_on_signal())


if __name__ == "__main__":
    main()
