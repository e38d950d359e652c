"""A server that strangers can reach starts only if it can ask who they are; sign-ins get the roles of the rules."""

import time
from pathlib import Path

import pytest

from dashboard.access import KeyStore, NotAuthenticated, Role
from dashboard.front_door import LoginMisconfigured, OpenToEverybody, check_login_file, is_loopback, require_guard
from dashboard.read_model import open_engine
from dashboard.roles_of_logins import LONGEST_LOGIN_S, RolesMisconfigured, principal_of, rules_of

NOW_S = 1_800_000_000.0
SECRET = "planted-client-secret"
AUTH = {
    "redirect_uri": "https://desk.example/oauth2callback",
    "cookie_secret": "c" * 40,
    "client_id": "telltale",
    "client_secret": SECRET,
    "server_metadata_url": "https://login.example/.well-known/openid-configuration",
}


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}"))


def a_login_file(folder: Path, **changed: str) -> Path:
    file = folder / "login.toml"
    lines = (f'{name} = "{value}"\n' for name, value in (AUTH | changed).items() if value)
    file.write_text("[auth]\n" + "".join(lines))
    return file


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_loopback_is_open_to_whoever_sits_there(keys: KeyStore, address: str):
    assert is_loopback(address)
    require_guard(address, login_file=None, keys=keys)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.4", "desk.example", "", "127.0.0.1.example", "0"])
def test_other_addresses_need_credentials(keys: KeyStore, tmp_path: Path, address: str):
    assert not is_loopback(address)
    with pytest.raises(OpenToEverybody, match="telltale keys create"):
        require_guard(address, login_file=None, keys=keys)
    require_guard(address, login_file=a_login_file(tmp_path), keys=keys)
    keys.create("desk", Role.VIEWER)
    require_guard(address, login_file=None, keys=keys)
    keys.revoke("desk")
    with pytest.raises(OpenToEverybody):
        require_guard(address, login_file=None, keys=keys)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({name: ""}, f"lacks {name}") for name in AUTH] + [({"cookie_secret": "short"}, "32 random characters")],
)
def test_a_sign_in_that_cannot_work_is_refused(tmp_path: Path, changed: dict[str, str], words: str):
    with pytest.raises(LoginMisconfigured, match=words) as why:
        check_login_file(a_login_file(tmp_path, **changed))
    assert SECRET not in str(why.value)


def test_a_file_that_is_no_toml_is_not_quoted(tmp_path: Path):
    file = tmp_path / "login.toml"
    file.write_text(f"[auth]\nclient_secret = {SECRET}\n")
    with pytest.raises(LoginMisconfigured, match="is not TOML") as why:
        check_login_file(file)
    assert why.value.__suppress_context__
    with pytest.raises(LoginMisconfigured, match="cannot be read"):
        check_login_file(tmp_path / "missing.toml")


RULES = rules_of("operator=ada@desk.example,groups:telltale-operators;analyst=oid:17;viewer=*@desk.example")


def claims(**more: object) -> dict[str, object]:
    return {"sub": "1", "iat": NOW_S - 60.0, **more}


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ({"email": "ada@desk.example", "email_verified": True}, Role.OPERATOR),
        ({"email": "ADA@Desk.example", "email_verified": True}, Role.OPERATOR),
        ({"email": "bo@desk.example", "email_verified": True}, Role.VIEWER),
        ({"groups": ["others", "telltale-operators"]}, Role.OPERATOR),
        ({"oid": "17"}, Role.ANALYST),
        ({"oid": "17", "email": "bo@desk.example", "email_verified": True}, Role.ANALYST),
    ],
)
def test_the_highest_role_that_a_rule_gives_counts(who: dict[str, object], role: Role):
    assert principal_of(claims(**who), RULES, now_s=NOW_S).role is role


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"email": "ada@desk.example"},
        {"email": "ada@desk.example", "email_verified": "false"},
        {"email": "ada@desk.example", "email_verified": False},
        {"email": "eve@desk.example.evil", "email_verified": True},
        {"email": "eve@evil@desk.example", "email_verified": True},
        {"email": "@desk.example", "email_verified": True},
        {"email": ["ada@desk.example"], "email_verified": True},
        {"groups": "all of telltale-operators"},
        {"oid": 17},
        {"oid": "170"},
    ],
)
def test_nobody_else_gets_a_role(who: dict[str, object]):
    with pytest.raises(NotAuthenticated, match="has no role here"):
        principal_of(claims(**who), RULES, now_s=NOW_S)


@pytest.mark.parametrize("iat", [None, NOW_S - LONGEST_LOGIN_S - 1, NOW_S + 3600, "yesterday"])
def test_an_old_sign_in_has_to_be_repeated(iat: object):
    who = claims(email="ada@desk.example", email_verified=True) | {"iat": iat}
    with pytest.raises(NotAuthenticated, match="Sign in once more"):
        principal_of(who, RULES, now_s=NOW_S)


@pytest.mark.parametrize("text", ["boss=a@b", "operator", "operator=", "analyst=somebody", "viewer=*@", "=a@b.c"])
def test_a_rule_that_nobody_can_follow_is_refused(text: str):
    with pytest.raises(RolesMisconfigured, match="TELLTALE_LOGIN_ROLES"):
        rules_of(text)


def test_the_clock_of_this_machine_is_the_one_that_counts():
    who = claims(email="ada@desk.example", email_verified=True) | {"iat": time.time()}
    assert principal_of(who, RULES, now_s=time.time()).name == "ada@desk.example"
