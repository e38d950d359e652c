"""A seeded deployment and its API on a free port, for whoever asks."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from contracts.messages import MediaUploaded
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment, seed


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return Deployment.make(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="module")
def uploads(deployment: Deployment) -> dict[str, MediaUploaded]:
    return seed(deployment)


@pytest.fixture(scope="module")
def address(deployment: Deployment, uploads: dict[str, MediaUploaded]) -> Iterator[str]:
    settings = settings_of(deployment, detectors="telltale,mesonet", upload_limit_mb=1)
    with serving(settings) as found:
        yield found


@pytest.fixture
def api(address: str) -> Iterator[httpx.Client]:
    with client_of(address) as client:
        yield client


@pytest.fixture
def own(tmp_path: Path) -> Deployment:
    """A deployment of the test's own."""
    return Deployment.make(tmp_path / "own")
