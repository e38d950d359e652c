"""An address and a port in; this process becomes the dashboard's web server."""

import os

from telltale.deployment import ROOT, streamlit_command


def run(*, address: str, port: int) -> None:
    """Replace this process by the web server, so that signals reach it directly."""
    command = streamlit_command(address=address, port=port)
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": path})  # noqa: S606 - no shell is wanted here
