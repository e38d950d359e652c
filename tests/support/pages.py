"""The name of a page in; the page after one run of its script, and all words that stand on it, out."""

from streamlit import config
from streamlit.testing.v1 import AppTest


def drawn(page: str, /, **address: str) -> AppTest:
    """The page ``dashboard.views.PAGE`` after one run of its script, without a browser; ``address`` is its query."""
    # Pages let nobody in without a key unless their server listens on loopback only.
    config.set_option("server.address", "127.0.0.1")
    script = f"from dashboard.views import {page}\n{page}.draw()\n"
    app = AppTest.from_string(script, default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def words_of(app: AppTest) -> str:
    """All words that stand on the page."""
    texts = [element.body for element in app.get("html")]  # type: ignore[attr-defined]
    return " ".join([*texts, *(one.value for kind in (app.warning, app.error, app.info) for one in kind)])
