"""Who asks in, whether they may out: principals, their roles, and API keys kept as hashes in the read model."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from dashboard.read_tables import api_keys

LONGEST_NAME = 100
_PREFIX = "telltale"
_ID_BYTES = 6
_SECRET_BYTES = 32
_LONGEST_PRESENTED = 200
_NO_DIGEST = "0" * 64


class Role(Enum):
    """What somebody may do; each role may also do what those before it may."""

    VIEWER = "viewer"
    """Look at items, verdicts, evidence, metrics."""
    ANALYST = "analyst"
    """Submit media and review verdicts."""
    OPERATOR = "operator"
    """Settle dead letters, delete items, replay, keep keys."""

    def includes(self, needed: "Role") -> bool:
        """Whether whoever has this role may do what asks for ``needed``."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Principal:
    """Somebody who is known: ``name`` goes into records of what was done."""

    name: str
    role: Role


class AccessDenied(Exception):
    """What was asked for is not done; the message says why, without a secret, and may be shown to whoever asked."""


class NotAuthenticated(AccessDenied):
    """Nobody known is asking: the key is missing, wrong or revoked, or the login has no role here."""


class KeyNameTaken(ValueError):
    """Another key that is in use has this name already, so a record would not tell which of them acted."""


class NoSuchKey(LookupError):
    """No key that is in use has this id or name."""


def require(principal: Principal, needed: Role) -> None:
    """Go on only if ``principal`` may do what asks for the role ``needed``; raises ``AccessDenied``."""
    if not principal.role.includes(needed):
        raise AccessDenied(f"{principal.name} is {principal.role.value}; this needs the role {needed.value}.")


def local_operator() -> Principal:
    """Whoever sits at this machine: the principal of a server on loopback that was given no credentials."""
    return Principal("local", Role.OPERATOR)


@dataclass(frozen=True, kw_only=True)
class KnownKey:
    """An API key without its secret; times in seconds since 1970."""

    key_id: str
    name: str
    role: Role
    created_at_s: float
    revoked_at_s: float | None


class KeyStore:
    """The API keys of a deployment, in the database of its read model.

    A secret is 256 random bits, so nobody can guess it however fast its hash is, and SHA-256 is enough: a slow hash
    would only let strangers keep the server busy. Secrets are compared in constant time.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, name: str, role: Role) -> str:
        """Make a key; what leaves is told nobody again. Raises ``KeyNameTaken``, ``ValueError`` for an unfit name."""
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise ValueError(f"A key needs a name of printable letters, {LONGEST_NAME} at most.")
        key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        row = {
            "key_id": key_id,
            "name": name,
            "role": role.value,
            "secret_sha256": _digest(secret),
            "created_at_s": self._clock(),
            # Unique while the key is in use: two commands at the same time cannot both take a name.
            "name_in_use": name,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(api_keys).values(**row))
        except IntegrityError as why:
            raise KeyNameTaken(f"A key that is in use is called {name} already.") from why
        return f"{_PREFIX}_{key_id}_{secret}"

    def known(self) -> list[KnownKey]:
        """Every key that ever was, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at_s, api_keys.c.key_id)).all()
        return [_known(row) for row in rows]

    def revoke(self, id_or_name: str) -> KnownKey:
        """Let nobody in with this key any more, from the next request on. Raises ``NoSuchKey``."""
        in_use = [key for key in self.known() if key.revoked_at_s is None]
        found = next((key for key in in_use if id_or_name in (key.key_id, key.name)), None)
        if found is None:
            raise NoSuchKey(f"No key that is in use has the id or name {id_or_name}.")
        change = update(api_keys).where(api_keys.c.key_id == found.key_id)
        with self._engine.begin() as connection:
            connection.execute(change.values(revoked_at_s=self._clock(), name_in_use=None))
        return found

    def any_in_use(self) -> bool:
        """Whether there is a key that lets somebody in."""
        with self._engine.connect() as connection:
            return connection.execute(select(api_keys.c.key_id).where(_IN_USE).limit(1)).first() is not None

    def authenticate(self, presented: str) -> Principal:
        """The principal whose key this is; raises ``NotAuthenticated``, which never repeats what was presented."""
        key_id, secret = _parts(presented)
        with self._engine.connect() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id, _IN_USE)).first()
        kept = row.secret_sha256 if row is not None else _NO_DIGEST
        if not secrets.compare_digest(_digest(secret), kept) or row is None:
            raise NotAuthenticated("This API key is unknown or was revoked.")
        return Principal(row.name, Role(row.role))


_IN_USE = api_keys.c.revoked_at_s.is_(None)


def _parts(presented: str) -> tuple[str, str]:
    prefix, _, rest = presented[:_LONGEST_PRESENTED].partition("_")
    key_id, _, secret = rest.partition("_")
    # A database may refuse letters that no key has, such as NUL; nobody's key has an empty id.
    return (key_id, secret) if prefix == _PREFIX and key_id.isalnum() and key_id.isascii() else ("", secret)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _known(row: Row) -> KnownKey:  # type: ignore[type-arg]
    return KnownKey(
        key_id=row.key_id,
        name=row.name,
        role=Role(row.role),
        created_at_s=row.created_at_s,
        revoked_at_s=row.revoked_at_s,
    )
