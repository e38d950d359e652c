"""``telltale keys``: names and roles in; API keys out, told once and kept as hashes in the read model's database."""

from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from contracts.settings import ProjectSettings
from dashboard.access import KeyNameTaken, KeyStore, KnownKey, NoSuchKey, Role
from dashboard.read_model import open_engine, url_of
from telltale.errors import CommandFailed
from telltale.terminal import err, out, say, say_json

WRONG_WISH = 2


def create(name: str, role: str, home: Path, *, as_json: bool) -> None:
    """Make a key and print it, this once. Raises ``CommandFailed``."""
    if role not in {known.value for known in Role}:
        known = ", ".join(known.value for known in Role)
        raise CommandFailed(f"No role is called {role!r}; known: {known}.", exit_code=WRONG_WISH)
    try:
        key = _store(home).create(name, Role(role))
    except (KeyNameTaken, ValueError) as why:
        raise CommandFailed(str(why), exit_code=WRONG_WISH) from why
    if as_json:
        say_json({"name": name, "role": role, "key": key})
        return
    err.print("Keep this key; it is not shown again:", markup=False)
    out.print(key, markup=False, highlight=False, soft_wrap=True)


def list_all(home: Path, *, as_json: bool) -> None:
    """Print every key that ever was, without its secret."""
    keys = _store(home).known()
    if as_json:
        for key in keys:
            say_json(_as_object(key))
        return
    table = Table("id", "name", "role", "made", "revoked", box=None)
    for key in keys:
        table.add_row(key.key_id, key.name, key.role.value, _moment(key.created_at_s), _moment(key.revoked_at_s))
    out.print(table)


def revoke(id_or_name: str, home: Path) -> None:
    """Let nobody in with this key any more. Raises ``CommandFailed``."""
    try:
        key = _store(home).revoke(id_or_name)
    except NoSuchKey as why:
        raise CommandFailed(str(why.args[0]), exit_code=WRONG_WISH) from why
    say(f"{key.name} ({key.key_id}, {key.role.value}) lets nobody in any more.")


def _store(home: Path) -> KeyStore:
    return KeyStore(open_engine(url_of(ProjectSettings(home=home.expanduser().absolute()))))


def _as_object(key: KnownKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "name": key.name,
        "role": key.role.value,
        "created_at": _moment(key.created_at_s),
        "revoked_at": _moment(key.revoked_at_s) or None,
    }


def _moment(at_s: float | None) -> str:
    return "" if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
