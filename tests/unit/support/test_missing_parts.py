"""A test whose part is missing is skipped at home and fails where the part was promised."""

import pytest

from tests import conftest
from tests.support.parts import PARTS


class Item:
    """As much of a test as the rule looks at."""

    def __init__(self, *markers: str) -> None:
        self._markers = markers

    def iter_markers(self) -> list[pytest.Mark]:
        return [pytest.Mark(name, (), {}, _ispytest=True) for name in self._markers]


@pytest.fixture(autouse=True)
def no_s3_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "s3", lambda: "no versitygw")
    monkeypatch.setitem(PARTS, "kafka", lambda: None)
    monkeypatch.delenv("REQUIRE_S3", raising=False)


def set_up(*markers: str) -> None:
    conftest.pytest_runtest_setup(Item(*markers))  # pyright: ignore[reportArgumentType]


def test_at_home_it_is_skipped():
    with pytest.raises(pytest.skip.Exception, match="no versitygw"):
        set_up("s3", "kafka")


def test_where_it_was_promised_it_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REQUIRE_S3", "1")
    with pytest.raises(pytest.fail.Exception, match="REQUIRE_S3=1, but no versitygw"):
        set_up("s3")


def test_a_part_that_is_there_is_used():
    assert set_up("kafka", "timeout") is None


def test_every_marker_that_stands_for_a_part_is_known(pytestconfig: pytest.Config):
    declared = {line.partition(":")[0] for line in pytestconfig.getini("markers") if ": needs" in line}
    assert declared == set(PARTS)
