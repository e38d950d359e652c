"""``telltale api``: an address and a port in; the web server of the API out, which can also settle dead letters."""

from pathlib import Path
from typing import Any

from contracts.errors import NotNow
from telltale.errors import CommandFailed


def run(*, address: str | None, port: int | None, home: Path | None) -> None:
    """Serve until SIGTERM or SIGINT, with the settings of the environment and what was typed.

    Raises:
        CommandFailed: others could reach the address and no key would let anybody in.
    """
    from dashboard.api.serving import NobodyCouldComeIn, serve
    from dashboard.api.settings import ApiSettings
    from ingest.kafka_login import address_of
    from ingest.telemetry import configure_logs

    typed: dict[str, Any] = {"api_address": address, "api_port": port, "home": home}
    settings = ApiSettings(**{name: value for name, value in typed.items() if value is not None})
    configure_logs(settings, "api")
    try:
        serve(settings, settle=lambda *asked: settle(address_of(settings), *asked))
    except NobodyCouldComeIn as why:
        raise CommandFailed(str(why), exit_code=2) from why


def settle(kafka: Any, letter_id: str, outcome: str, because: str) -> str | None:
    """Replay or drop one dead letter of the topic on ``kafka``; why it stays open leaves, where it does.

    Raises:
        NotNow: Kafka is away.
    """
    from telltale.dead_letters import letters_in
    from telltale.dead_letters_settling import REPLAYED, Pace, RawSender, chosen, drop, replay

    try:
        with RawSender(kafka) as sender:
            letters = chosen(letters_in(kafka), [letter_id])
            done = (
                replay(letters, sender, Pace(None), because) if outcome == REPLAYED else drop(letters, sender, because)
            )
    except CommandFailed as why:
        raise NotNow(str(why)) from why
    if letter_id in done.done:
        return None
    return done.left.get(letter_id, "its topic has let it go already")
