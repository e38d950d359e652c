"""The pages of operators are drawn as a server on loopback draws them."""

from collections.abc import Iterator

import pytest
from streamlit import config


@pytest.fixture(autouse=True)
def on_loopback() -> Iterator[None]:
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)
