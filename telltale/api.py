"""``telltale api``: an address and a port in; the web server of the API out, which can also settle dead letters."""

from pathlib import Path
from typing import Any

from telltale.errors import CommandFailed


def run(*, address: str | None, port: int | None, home: Path | None) -> None:
    """Serve until SIGTERM or SIGINT, with the settings of the environment and what was typed.

    Raises:
        CommandFailed: others could reach the address and no key would let anybody in.
    """
    from dashboard.api.serving import NobodyCouldComeIn, serve
    from dashboard.api.settings import ApiSettings
    from dashboard.operations.settling import settle
    from ingest.kafka_login import address_of
    from ingest.telemetry import configure_logs

    typed: dict[str, Any] = {"api_address": address, "api_port": port, "home": home}
    settings = ApiSettings(**{name: value for name, value in typed.items() if value is not None})
    configure_logs(settings, "api")
    try:
        serve(settings, settle=lambda *asked: settle(address_of(settings), *asked))
    except NobodyCouldComeIn as why:
        raise CommandFailed(str(why), exit_code=2) from why
