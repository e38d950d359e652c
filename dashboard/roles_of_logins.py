"""The claims of a sign-in and the rules of a deployment in; the principal out, or nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.access import NotAuthenticated, Principal, Role

# Streamlit's cookie lives for 30 days; whoever left the house meanwhile must not be let in all that time.
LONGEST_LOGIN_S = 12 * 3600.0


class RolesMisconfigured(ValueError):
    """A rule that nobody can follow; the message shows how they are written."""


@dataclass(frozen=True)
class Rule:
    """``role`` for whoever's claim ``claim`` is ``value``, or holds it."""

    role: Role
    claim: str
    value: str

    def holds(self, claims: Mapping[str, Any]) -> bool:
        found = claims.get(self.claim)
        if self.claim == "email":
            # Whoever may type any address at a provider must not become its owner here.
            return claims.get("email_verified") is True and isinstance(found, str) and self._is_mine(found)
        return found == self.value or (isinstance(found, list | tuple) and self.value in found)

    def _is_mine(self, email: str) -> bool:
        given, wanted = email.strip().lower(), self.value.lower()
        if wanted.startswith("*@"):
            return given.count("@") == 1 and given.endswith(wanted[1:]) and given[0] != "@"
        return given == wanted


def rules_of(text: str) -> tuple[Rule, ...]:
    """``operator=ada@example.org;analyst=groups:desk,*@example.org``: e-mail addresses, domains, or CLAIM:VALUE.

    Raises:
        RolesMisconfigured: a part says something else.
    """
    return tuple(rule for part in text.split(";") if part.strip() for rule in _rules(part))


def _rules(part: str) -> Iterator[Rule]:
    name, equals, patterns = part.partition("=")
    wanted = [pattern.strip() for pattern in patterns.split(",") if pattern.strip()]
    try:
        role = Role(name.strip())
    except ValueError:
        role = None
    if role is None or not equals or not wanted:
        raise RolesMisconfigured(
            f"TELLTALE_LOGIN_ROLES: {part.strip()!r} is not ROLE=WHO[,WHO] with viewer, analyst or operator and an "
            "e-mail address, *@DOMAIN, or CLAIM:VALUE."
        )
    for pattern in wanted:
        claim, colon, value = pattern.partition(":")
        if not colon and ("@" not in pattern or pattern in ("*@", "@")):
            raise RolesMisconfigured(
                f"TELLTALE_LOGIN_ROLES: {pattern!r} is no e-mail address, *@DOMAIN or CLAIM:VALUE."
            )
        yield Rule(role, claim, value) if colon else Rule(role, "email", pattern)


def principal_of(claims: Mapping[str, Any], rules: tuple[Rule, ...], *, now_s: float) -> Principal:
    """Whoever signed in, with the highest role that a rule gives.

    Raises:
        NotAuthenticated: no rule knows this person, or the sign-in is too long ago.
    """
    issued_s = claims.get("iat")
    if not isinstance(issued_s, int | float) or not now_s - LONGEST_LOGIN_S < issued_s < now_s + 60.0:
        raise NotAuthenticated("The sign-in is too long ago. Sign in once more.")
    name = str(claims.get("email") or claims.get("preferred_username") or claims.get("sub") or "somebody")
    order = list(Role)
    found = [rule.role for rule in rules if rule.holds(claims)]
    if not found:
        raise NotAuthenticated(f"{name} is signed in and has no role here. Ask whoever runs this server for one.")
    return Principal(name, max(found, key=order.index))
