"""A request in; who sent it and whether they may out: keys, the open door of this machine, the limit of requests."""

from collections.abc import Callable
from ipaddress import ip_address
from math import ceil
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dashboard.access import NotAuthenticated, Principal, Role, local_operator, require
from dashboard.api.context import Context, context_of
from dashboard.api.problems import Refused

_bearer = HTTPBearer(auto_error=False, description="An API key. A server on loopback that has no keys asks for none.")
Here = Annotated[Context, Depends(context_of)]


def principal(
    request: Request, here: Here, presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Who is asking.

    Raises:
        NotAuthenticated: nobody known.
        Refused: too many requests.
    """
    address = request.client.host if request.client else "unknown"
    if presented is not None:
        _pass(here, f"key {presented.credentials[:24]} {address}")
        return here.keys.authenticate(presented.credentials)
    _pass(here, address)
    if "authorization" in request.headers or not here.is_open:
        raise NotAuthenticated("Send an API key: Authorization: Bearer KEY.")
    _from_this_machine(request, here)
    return local_operator()


def _pass(here: Context, caller: str) -> None:
    wait_s = here.limit.wait_s(caller)
    if wait_s:
        headers = {"Retry-After": str(ceil(wait_s))}
        detail = f"More than {here.settings.api_requests_per_minute} requests in a minute."
        raise Refused(429, "too-many-requests", "Too many requests", detail, headers=headers)


def _from_this_machine(request: Request, here: Context) -> None:
    """Refuse what a page of somebody else's could make a browser send to this machine's own address."""
    if not _is_local_name(request.url.hostname or ""):
        raise NotAuthenticated("This server asks for no key under its local name only.")
    origin = request.headers.get("origin")
    if origin and origin not in here.settings.origins and urlsplit(origin).netloc != request.url.netloc:
        raise NotAuthenticated("Pages of other origins may not use the open door of this machine.")


def _is_local_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


Caller = Annotated[Principal, Depends(principal)]


def needs(role: Role) -> Callable[[Principal], Principal]:
    """A dependency that lets in whoever has ``role``."""

    def checked(caller: Caller) -> Principal:
        require(caller, role)
        return caller

    return checked


Viewer = Annotated[Principal, Depends(needs(Role.VIEWER))]
Analyst = Annotated[Principal, Depends(needs(Role.ANALYST))]
Operator = Annotated[Principal, Depends(needs(Role.OPERATOR))]
