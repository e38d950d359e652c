"""What several integration tests look at: pages in a real Chromium, a read model on PostgreSQL; nothing leaves."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from contracts.messages import MediaUploaded
from dashboard.read_model import open_engine
from tests.support.dashboard_server import BROKEN_WORDS, PATIENCE_MS, a_browser, a_dashboard
from tests.support.postgres_server import PostgresServer
from tests.support.read_models import Deployment, seed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        yield found


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return Deployment.make(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="module")
def seeded(deployment: Deployment) -> dict[str, MediaUploaded]:
    return seed(deployment)


@pytest.fixture(scope="module")
def address(deployment: Deployment, seeded: dict[str, MediaUploaded]) -> Iterator[str]:
    with a_dashboard(deployment) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of 1280 pixels; a script that failed or words of a broken page fail the test."""
    made = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    made.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    failures: list[str] = []
    made.on("pageerror", lambda why: failures.append(str(why)))
    yield made
    words = made.locator("body").inner_text()
    made.close()
    assert failures == []
    assert not [word for word in BROKEN_WORDS if word in words]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def engine(postgres: PostgresServer) -> Iterator[Engine]:
    """An empty read model on PostgreSQL."""
    made = open_engine(postgres.url)
    yield made
    with made.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    made.dispose()
