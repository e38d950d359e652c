"""Keys are told once, listed without their secret, and revoked; a dashboard that strangers reach needs one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboard.access import KeyStore, NotAuthenticated, Role
from dashboard.read_model import open_engine
from telltale import serve_dashboard
from telltale.cli import app
from telltale.errors import CommandFailed


def telltale(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_a_key_is_told_once_and_listed_without_its_secret(tmp_path: Path):
    made = telltale("keys", "create", "--role", "analyst", "--name", "newsroom", "--home", tmp_path)
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert key.startswith("telltale_")
    listed = telltale("keys", "list", "--home", tmp_path).output
    assert "newsroom" in listed and "analyst" in listed
    assert key.split("_", 2)[2] not in listed
    store = KeyStore(open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}"))
    assert store.authenticate(key).role is Role.ANALYST


def test_a_revoked_key_lets_nobody_in(tmp_path: Path):
    key = json.loads(telltale("keys", "create", "--role", "viewer", "--name", "a", "--home", tmp_path, "--json").stdout)
    assert telltale("keys", "revoke", "a", "--home", tmp_path).exit_code == 0
    with pytest.raises(NotAuthenticated):
        KeyStore(open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")).authenticate(key["key"])
    (kept,) = [json.loads(line) for line in telltale("keys", "list", "--home", tmp_path, "--json").stdout.splitlines()]
    assert kept["revoked_at"]
    again = telltale("keys", "revoke", "a", "--home", tmp_path)
    assert isinstance(again.exception, CommandFailed)


@pytest.mark.parametrize(("role", "name"), [("boss", "a"), ("viewer", " "), ("viewer", "taken")])
def test_unfit_wishes_are_one_sentence(tmp_path: Path, role: str, name: str):
    telltale("keys", "create", "--role", "viewer", "--name", "taken", "--home", tmp_path)
    failed = telltale("keys", "create", "--role", role, "--name", name, "--home", tmp_path)
    assert isinstance(failed.exception, CommandFailed)
    assert failed.exception.exit_code == 2


def test_a_dashboard_for_everybody_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setattr(serve_dashboard.os, "execve", lambda *argv: pytest.fail("it was started"))
    with pytest.raises(CommandFailed, match="nothing asks who they are"):
        serve_dashboard.run(address="0.0.0.0", port=8501)
    login = tmp_path / "login.toml"
    login.write_text("[auth]\n")
    monkeypatch.setenv("TELLTALE_LOGIN_FILE", str(login))
    with pytest.raises(CommandFailed, match="lacks redirect_uri"):
        serve_dashboard.run(address="127.0.0.1", port=8501)


def test_a_dashboard_with_a_key_or_on_loopback_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    started: list[str] = []
    monkeypatch.setattr(serve_dashboard.os, "execve", lambda path, argv, env: started.append(" ".join(argv)))
    serve_dashboard.run(address="127.0.0.1", port=8501)
    telltale("keys", "create", "--role", "viewer", "--name", "a", "--home", tmp_path)
    serve_dashboard.run(address="0.0.0.0", port=8501)
    assert "--server.address=0.0.0.0" in started[1]
