"""A delivery and a secret in; the headers that prove who sent it and when out, and the receiver's check of them.

The form is that of the specification "Standard Webhooks": HMAC-SHA-256 over ``id.timestamp.body``.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE_S = 300


class NotOurs(Exception):
    """A request that was not signed with this secret, or too long ago."""


def new_secret() -> str:
    """256 random bits in the usual form."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, delivery_id: str, body: bytes, *, now_s: float) -> dict[str, str]:
    """The headers of one try; every try of a delivery has the same id and a time of its own."""
    stamp = str(int(now_s))
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_signature(secret, delivery_id, stamp, body)}",
    }


def check(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None) -> str:
    """The id of a delivery, once it is sure that the holder of ``secret`` sent it. Raises ``NotOurs``."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    now_s = time.time() if now_s is None else now_s
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > TOLERANCE_S:
        raise NotOurs("The timestamp is missing, or too far from now.")
    expected = _signature(secret, name, stamp, body)
    given = [part.partition(",")[2] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise NotOurs("The signature does not fit.")
    return name


def _signature(secret: str, delivery_id: str, stamp: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as why:
        raise NotOurs("The secret is none.") from why
    said = f"{delivery_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
