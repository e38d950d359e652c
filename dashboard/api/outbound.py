"""An address that somebody gave in; one request to it out, unless it leads into networks that are not the world's.

The name is resolved here, every address is looked at, and the connection goes to the very address that was looked at:
a name that resolves to another one a moment later changes nothing. Redirects are not followed, proxies not used.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_READ_BYTES = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")


class ForbiddenTarget(ValueError):
    """An address that no request may go to; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a receiver said: its status and the beginning of its words."""

    status: int
    text: str


def checked_url(url: str) -> SplitResult:
    """The parts of an address of the world wide web. Raises ``ForbiddenTarget``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as why:
        raise ForbiddenTarget("This is no address.") from why
    if parts.scheme not in _PORTS or not parts.hostname or len(url) > _LONGEST_URL or not url.isprintable():
        raise ForbiddenTarget("An address begins with http:// or https:// and a host.")
    if parts.username is not None or parts.password is not None or port == 0:
        raise ForbiddenTarget("An address holds no name, no password and no port 0.")
    return parts


def address_of(parts: SplitResult, *, private: bool) -> str:
    """The network address to connect to.

    Raises:
        ForbiddenTarget: one of the host's addresses is local, private or otherwise not the world's.
        OSError: the host is not known.
    """
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except UnicodeError as why:
        raise ForbiddenTarget("This host has no name that can be looked up.") from why
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private and not all(is_public(address) for address in addresses):
        raise ForbiddenTarget("The host lies in a private or local network.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also where one wraps another.

    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    found = ip_address(address.partition("%")[0])
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in (found, *_inside(found)))


def _inside(found: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(found, IPv4Address):
        return []
    wrapped = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
    if found in _NAT64:
        wrapped.append(IPv4Address(int(found) & 0xFFFFFFFF))
    return [one for one in wrapped if one is not None]


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, private: bool) -> Answer:
    """Send ``body`` and read a little of the answer.

    Raises:
        ForbiddenTarget: see ``address_of``.
        OSError, httpx.HTTPError: nobody answered in time.
    """
    parts = checked_url(url)
    address = address_of(parts, private=private)
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    pinned = parts._replace(netloc=f"{host}{port}", fragment="").geturl()
    sent = {**headers, "Host": parts.netloc}
    # The certificate has to be that of the name, not of the address.
    extensions = {"sni_hostname": parts.hostname}
    with (
        httpx.Client(timeout=timeout_s, trust_env=False, follow_redirects=False) as client,
        client.stream("POST", pinned, content=body, headers=sent, extensions=extensions) as response,
    ):
        text = next(response.iter_bytes(_READ_BYTES), b"")[:_READ_BYTES].decode("utf-8", "replace")
        return Answer(response.status_code, text)
