"""An address and a port in; this process becomes the dashboard's web server."""

import os

from contracts.settings import DashboardSettings
from telltale.deployment import ROOT, streamlit_command
from telltale.errors import CommandFailed


def run(*, address: str, port: int) -> None:
    """Replace this process by the web server, so that signals reach it directly.

    Raises:
        CommandFailed: it would be open to everybody, or its sign-in cannot work.
    """
    _require_guard(address)
    command = streamlit_command(address=address, port=port)
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": path})  # noqa: S606 - no shell is wanted here


def _require_guard(address: str) -> None:
    from dashboard.access import KeyStore
    from dashboard.front_door import LoginMisconfigured, OpenToEverybody, require_guard
    from dashboard.read_model import open_engine, url_of
    from dashboard.roles_of_logins import RolesMisconfigured, rules_of

    settings = DashboardSettings()
    try:
        require_guard(address, login_file=settings.login_file, keys=KeyStore(open_engine(url_of(settings))))
        rules = rules_of(settings.login_roles)
    except (OpenToEverybody, LoginMisconfigured, RolesMisconfigured) as why:
        raise CommandFailed(str(why), exit_code=2) from why
    if settings.login_file is not None and not rules:
        raise CommandFailed("Nobody could use the sign-in: say who may do what in TELLTALE_LOGIN_ROLES.", exit_code=2)
