"""A part of a page that fails says so without the secrets that its error holds; without a role it shows nothing."""

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

FAILS = """
from dashboard.session import calm

@calm
def part():
    raise RuntimeError("no postgresql://me:pl4nted-pw@db/telltale, https://b.s3/x?X-Amz-Signature=pl4nted")

part()
"""
ASKS = """
import streamlit as st
from dashboard.session import calm, engine

@calm
def part():
    st.write(str(engine().url))

part()
"""


def test_errors_on_pages_hide_secrets():
    app = AppTest.from_string(FAILS, default_timeout=30).run()
    shown = " ".join([*(code.value for code in app.code), *(warning.value for warning in app.warning)])
    assert "RuntimeError" in shown
    assert "pl4nted" not in shown


@pytest.mark.parametrize("address", ["0.0.0.0", None])
def test_a_page_that_forgot_the_door_gets_no_data(address: str | None, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    config.set_option("server.address", address)
    app = AppTest.from_string(ASKS, default_timeout=30).run()
    assert [warning.value for warning in app.warning] == ["Give your key to go on."]
    assert not app.markdown
