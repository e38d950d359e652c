"""Roles include those before them; API keys let in whom they were made for, until they are revoked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dashboard.access import (
    AccessDenied,
    KeyNameTaken,
    KeyStore,
    NoSuchKey,
    NotAuthenticated,
    Principal,
    Role,
    local_operator,
    require,
)
from dashboard.read_model import open_engine


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}"))


@pytest.mark.parametrize(
    ("has", "needed", "may"),
    [(has, needed, place >= least) for place, has in enumerate(Role) for least, needed in enumerate(Role)],
)
def test_a_role_may_do_what_those_before_it_may(has: Role, needed: Role, may: bool):
    somebody = Principal("somebody", has)
    if may:
        require(somebody, needed)
        return
    with pytest.raises(AccessDenied, match=f"somebody is {has.value}; this needs the role {needed.value}"):
        require(somebody, needed)


def test_the_order_of_roles_is_viewer_analyst_operator():
    assert [role.value for role in Role] == ["viewer", "analyst", "operator"]
    assert local_operator().role is Role.OPERATOR


def test_a_key_is_its_owner_until_it_is_revoked(keys: KeyStore):
    presented = keys.create("newsroom", Role.ANALYST)
    assert keys.authenticate(presented) == Principal("newsroom", Role.ANALYST)
    keys.revoke("newsroom")
    with pytest.raises(NotAuthenticated):
        keys.authenticate(presented)
    assert not keys.any_in_use()
    with pytest.raises(NoSuchKey):
        keys.revoke("newsroom")


def test_a_name_means_one_key_at_a_time(keys: KeyStore):
    first = keys.create("newsroom", Role.VIEWER)
    with pytest.raises(KeyNameTaken):
        keys.create("newsroom", Role.OPERATOR)
    keys.revoke("newsroom")
    second = keys.create("newsroom", Role.VIEWER)
    assert first != second
    assert [key.revoked_at_s is None for key in keys.known()] == [False, True]


def test_the_secret_is_nowhere_in_the_database(keys: KeyStore, tmp_path: Path):
    presented = keys.create("newsroom", Role.VIEWER)
    secret = presented.split("_", 2)[2]
    with open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}").begin() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"newsroom" in kept
    assert secret.encode() not in kept
    assert len(secret) >= 43, "256 bits in base64"


def test_wrong_keys_are_refused_without_being_repeated(keys: KeyStore):
    presented = keys.create("newsroom", Role.VIEWER)
    for wrong in (presented[:-1], presented + "x", presented.upper(), presented.replace("_", "-", 1), "", "telltale__"):
        with pytest.raises(NotAuthenticated) as refused:
            keys.authenticate(wrong)
        assert not wrong or wrong not in str(refused.value)


@given(presented=st.text(max_size=300))
def test_nobody_gets_in_by_odd_letters(presented: str):
    engine = open_engine("sqlite://")
    KeyStore(engine).create("newsroom", Role.VIEWER)
    with pytest.raises(NotAuthenticated):
        KeyStore(engine).authenticate(presented)
    with pytest.raises(NotAuthenticated):
        KeyStore(engine).authenticate(f"telltale_{presented}")
    engine.dispose()


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "nul\0", "n" * 101])
def test_a_key_needs_a_name_that_records_can_show(keys: KeyStore, name: str):
    with pytest.raises(ValueError):
        keys.create(name, Role.VIEWER)
