"""The real dashboard beyond loopback, in a real browser: who has a key or a role comes in, others see a door."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.access import KeyStore, Role
from dashboard.read_model import open_engine
from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.children import wait_until
from tests.support.dashboard_server import a_browser
from tests.support.openid_provider import openid_provider
from tests.support.parts import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PATIENCE_MS = 150_000
PLANTED = "planted-client-secret-0123456789"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@contextmanager
def dashboard_for_everybody(home: Path, port: int, **more: str) -> Iterator[str]:
    """``telltale dashboard --address 0.0.0.0`` as it is typed; its address on this machine."""
    env = os.environ | {"TELLTALE_HOME": str(home), "TELLTALE_BUCKET": str(home / "bucket")} | more
    argv = [sys.executable, "-m", "telltale", "dashboard", "--address", "0.0.0.0", "--port", str(port)]
    child = start_child(argv, env=env, log=home / "dashboard.log", cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: child.poll() is not None or _answers(url), timeout_s=90.0)
        assert child.poll() is None, (home / "dashboard.log").read_text()
        yield url
    finally:
        stop_child(child, grace_s=10.0)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


def inbox_of(page: Page):
    return page.get_by_role("heading", name="Inbox")


def test_a_key_opens_the_door_until_it_is_revoked(page: Page, tmp_path: Path):
    keys = KeyStore(open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}"))
    key = keys.create("desk", Role.VIEWER)
    with dashboard_for_everybody(tmp_path, free_port()) as url:
        page.goto(f"{url}/detectors")
        expect(page.get_by_text("Give your key to go on.")).to_be_visible(timeout=PATIENCE_MS)
        expect(inbox_of(page)).to_have_count(0)
        _give(page, key[:-1] + "-")
        expect(page.get_by_text("This API key is unknown or was revoked.")).to_be_visible(timeout=PATIENCE_MS)
        _give(page, key)
        expect(page.get_by_text("Detectors").first).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_text("desk · viewer")).to_be_attached(timeout=PATIENCE_MS)
        keys.revoke("desk")
        page.get_by_role("link", name="Submit").first.click()
        expect(page.get_by_text("This API key is unknown or was revoked.")).to_be_visible(timeout=PATIENCE_MS)
    assert key not in (tmp_path / "dashboard.log").read_text()


def _give(page: Page, key: str) -> None:
    field = page.get_by_label("Key")
    field.fill(key)
    field.press("Enter")


def test_a_sign_in_gives_the_role_of_the_rules(browser: Browser, tmp_path: Path):
    port, login = free_port(), tmp_path / "login.toml"
    with openid_provider({}) as provider:
        login.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"c" * 40}"\n'
            f'client_id = "telltale"\nclient_secret = "{PLANTED}"\nserver_metadata_url = "{provider.metadata_url}"\n'
        )
        rules = {"TELLTALE_LOGIN_FILE": str(login), "TELLTALE_LOGIN_ROLES": "operator=*@desk.example"}
        with dashboard_for_everybody(tmp_path, port, **rules) as url:
            provider.claims = {"email": "eve@desk.example", "email_verified": False}
            with signed_in(browser, url) as page:
                expect(page.get_by_text(re.compile("has no role here"))).to_be_visible(timeout=PATIENCE_MS)
                expect(inbox_of(page)).to_have_count(0)
            provider.claims = {"email": "ada@desk.example", "email_verified": True}
            with signed_in(browser, url) as page:
                expect(page.get_by_text("ada@desk.example · operator")).to_be_attached(timeout=PATIENCE_MS)
                expect(inbox_of(page)).to_be_visible(timeout=PATIENCE_MS)
    assert PLANTED not in (tmp_path / "dashboard.log").read_text()


@contextmanager
def signed_in(browser: Browser, url: str) -> Iterator[Page]:
    """A page of a fresh profile after its way through the provider."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.goto(url)
        expect(page.get_by_text("Sign in to go on.")).to_be_visible(timeout=PATIENCE_MS)
        page.get_by_role("button", name="Sign in").click()
        yield page
    finally:
        context.close()
