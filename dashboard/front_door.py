"""An address to listen on and the credentials there are in; a start that would let everybody in is refused."""

import tomllib
from ipaddress import ip_address
from pathlib import Path

from dashboard.access import KeyStore

_LEAST_SECRET = 32
_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


class OpenToEverybody(Exception):
    """The server would listen where strangers can reach it and could ask nobody who is there; it is not started."""


class LoginMisconfigured(ValueError):
    """The file of the sign-in cannot be used; the message names what it lacks, and no secret."""


def is_loopback(address: str | None) -> bool:
    """Whether only this machine can reach a server that listens on ``address``; no address means every one."""
    if address == "localhost":
        return True
    try:
        return ip_address(address or "0.0.0.0").is_loopback  # noqa: S104 - it is looked at, not bound
    except ValueError:
        return False


def require_guard(address: str, *, login_file: Path | None, keys: KeyStore) -> None:
    """Return when the server may start on ``address``.

    Raises:
        OpenToEverybody: strangers can reach it and it has neither a sign-in nor a key.
        LoginMisconfigured: it has a file of the sign-in that cannot be used.
    """
    if login_file is not None:
        check_login_file(login_file)
    elif not is_loopback(address) and not keys.any_in_use():
        raise OpenToEverybody(
            f"Others can reach {address}, and nothing asks who they are. Make a key (telltale keys create --role "
            "analyst --name NAME), name the file of an OpenID sign-in (TELLTALE_LOGIN_FILE), or listen on 127.0.0.1."
        )


def check_login_file(file: Path) -> None:
    """Raise ``LoginMisconfigured`` unless ``file`` is TOML with an ``[auth]`` section that Streamlit can use."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("auth", {})
    except (OSError, UnicodeDecodeError) as why:
        raise LoginMisconfigured(f"TELLTALE_LOGIN_FILE names {file}, which cannot be read.") from why
    except tomllib.TOMLDecodeError:
        # What its message quotes could be a secret.
        raise LoginMisconfigured(f"{file} is not TOML.") from None
    missing = [name for name in _NEEDED if not isinstance(found.get(name), str) or not found[name]]
    if missing:
        raise LoginMisconfigured(f"The section [auth] of {file} lacks {', '.join(missing)}.")
    if len(found["cookie_secret"]) < _LEAST_SECRET:
        raise LoginMisconfigured(f"cookie_secret in {file} needs {_LEAST_SECRET} random characters or more.")
