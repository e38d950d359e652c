"""Any text in, the same text out without what lets somebody in: passwords, keys, signatures, tokens.

It is the last thing that happens to log lines, dead letters and sentences for people. Two nets: the secrets that this
process was given, wherever they turn up, and the forms that secrets of any origin have.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, urlsplit

HIDDEN = "***"
_LEAST_SECRET = 6
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|ACCESS_KEY|PRIVATE_KEY|_DSN$", re.IGNORECASE)
_ADDRESS_NAME = re.compile(r"URL|SERVERS|ENDPOINT", re.IGNORECASE)

_NAMES = (
    r"x-amz-(?:signature|credential|security-token)|awsaccesskeyid|signature|sig|access_token|id_token|refresh_token|"
    r"client_secret|cookie_secret|api[-_]?key|[a-z_]*(?:password|passwd|secret|secret_access_key|session_token)"
)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@host in any address
    (re.compile(r"(?<=://)([^/\s:@'\"]*):([^/\s@'\"]+)@"), rf"\1:{HIDDEN}@"),
    # name=value, "name": "value", name: 'value'
    (
        re.compile(rf"(?i)\b({_NAMES})(['\"]?\s*[=:]\s*)(?!Secret\w+\()(['\"]?)([^\s'\"&,;)}}\]]+)"),
        rf"\1\2\3{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # our own API keys, of which the middle part is no secret, and webhook secrets
    (re.compile(r"\b(telltale_[0-9a-f]{6,16})_[A-Za-z0-9_-]{20,}"), rf"\1_{HIDDEN}"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]{8,}"), f"whsec_{HIDDEN}"),
    (re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(-----END \1-----|\Z)", re.DOTALL), rf"\1 {HIDDEN}"),
)
_known: set[str] = set()


def learn(secrets: Iterable[str]) -> None:
    """Hide these from now on, as they are and as they look in addresses and in JSON; shorter than six letters: not."""
    for secret in secrets:
        if len(secret) >= _LEAST_SECRET:
            _known.update({secret, quote(secret, safe=""), json.dumps(secret)[1:-1]})
    _any_known.cache_clear()


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """What a process's variables hold that nobody should read: by their names, and passwords within addresses.

    >>> secrets_of({"AWS_SECRET_ACCESS_KEY": "abcdefgh", "TELLTALE_READ_MODEL_URL": "postgresql://me:pass-word@db/x"})
    ['abcdefgh', 'pass-word']
    """
    found: list[str] = []
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and not name.endswith("_FILE"):
            found.append(value)
        elif _ADDRESS_NAME.search(name) and "://" in value:
            found += [password for password in [_password_in(value)] if password]
    return found


def redacted(text: str) -> str:
    """``text`` without secrets.

    >>> redacted("GET https://b.s3/x?X-Amz-Date=1&X-Amz-Signature=0123abcd failed")
    'GET https://b.s3/x?X-Amz-Date=1&X-Amz-Signature=*** failed'
    """
    if _known:
        text = _any_known().sub(HIDDEN, text)
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return text


@lru_cache(maxsize=1)
def _any_known() -> re.Pattern[str]:
    # Longer ones first: one secret may be the beginning of another.
    return re.compile("|".join(re.escape(one) for one in sorted(_known, key=len, reverse=True)))


def _password_in(address: str) -> str | None:
    try:
        return urlsplit(address).password
    except ValueError:
        return None
