"""``python -m dashboard.api``: the environment in; the web server of the API out, until SIGTERM or SIGINT."""

import sys

from dashboard.api.serving import NobodyCouldComeIn, serve
from dashboard.api.settings import ApiSettings
from ingest.entry_point import parse_nothing
from ingest.telemetry import configure_logs


def main() -> None:
    about = "Serve the API over the read model and the watched bucket until SIGTERM."
    parse_nothing("python -m dashboard.api", about, ApiSettings)
    settings = ApiSettings()
    configure_logs(settings, "api")
    try:
        serve(settings)
    except NobodyCouldComeIn as why:
        sys.exit(str(why))


if __name__ == "__main__":
    main()
