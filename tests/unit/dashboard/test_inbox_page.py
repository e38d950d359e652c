"""The inbox as its script draws it: filters live in the address, are said in words, and one button clears them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from dashboard import sample_clips
from dashboard.access import AccessDenied, Principal, Role
from dashboard.item_queries import PAGE_SIZE
from dashboard.views.inbox_filters import FILTERS, said_of
from ingest import sample_media
from ingest.object_stores.folder import FolderStore
from ingest.sniffing import SNIFFED_BYTES, sniff_bytes
from tests.support.items import NOON, an_upload
from tests.support.pages import drawn, words_of
from tests.support.read_models import Deployment, seed

NOTHING: dict[str, str] = dict.fromkeys(FILTERS, "")


@pytest.fixture(autouse=True)
def on_loopback() -> Iterator[None]:
    before = config.get_option("server.address")
    yield
    config.set_option("server.address", before)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = Deployment.make(tmp_path_factory.mktemp("inbox"))
    seed(made)
    return made


@pytest.fixture
def deployment(seeded: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in seeded.environment.items():
        monkeypatch.setenv(name, value)
    return seeded


def inbox(**address: str) -> AppTest:
    return drawn("inbox", **address)


def listed(app: AppTest) -> dict:
    """What the list of the page is told to draw."""
    (found,) = [one for one in app.get("bidi_component") if one.proto.component_name == "telltale_inbox"]  # type: ignore[attr-defined]
    return json.loads(found.proto.json)


def names(app: AppTest) -> list[str]:
    return [re.findall(r'class="tt-name"[^>]*>([^<]+)<', row["html"])[0] for row in listed(app)["rows"]]


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("address", "expected", "words"),
    [
        ({"q": "interview"}, ["street interview.mp4"], "Filters: “interview”"),
        ({"kind": "image"}, ["portrait.jpg"], "Filters: pictures"),
        ({"source": "desk/"}, ["street interview.mp4"], "Filters: from desk/"),
        ({"reviewed": "yes"}, [], "Filters: reviewed"),
        ({"reviewed": "by:Ada"}, [], "Filters: reviewed by Ada"),
        ({"to": "2001-01-01"}, [], "Filters: arrived until 01 Jan 2001"),
        ({"detector": "nobody"}, [], "Filters: scored by nobody"),
        ({"tab": "likely", "detector": "telltale"}, ["statement swapped.mp4"], "Filters: scored by telltale"),
    ],
)
def test_each_filter_of_the_address_is_applied_and_said(address: dict[str, str], expected: list[str], words: str):
    app = inbox(**address)
    assert names(app) == expected
    assert words in words_of(app)
    assert ("No item matches." in listed(app)["note"]) == (not expected)


@pytest.mark.usefixtures("deployment")
def test_without_filters_nothing_is_said_and_words_of_no_meaning_filter_nothing():
    everything = names(inbox())
    assert len(everything) == 9
    odd = {"kind": "x", "from": "yesterday", "to": "9999-12-31", "reviewed": "x", "tab": "x", "sort": "x", "after": "x"}
    app = inbox(**odd)
    assert names(app) == everything
    assert "Filters:" not in words_of(app)
    assert [button.label for button in app.button] == []


@pytest.mark.usefixtures("deployment")
def test_a_choice_changes_the_address_and_leaves_the_place_in_the_list():
    app = inbox(after="x", tab="some")
    app.selectbox(key="inbox_detector").select("mesonet").run()
    app.date_input(key="inbox_from").set_value(date(2020, 2, 29)).run()
    app.text_input(key="inbox_source").input("desk/").run()
    address = {name: "".join(values) for name, values in app.query_params.items()}
    assert address == {"tab": "some", "detector": "mesonet", "from": "2020-02-29", "source": "desk/"}
    assert names(app) == ["street interview.mp4"]
    app.button(key="inbox_clear").click().run()
    assert {name: "".join(values) for name, values in app.query_params.items()} == {"tab": "some"}
    assert app.date_input(key="inbox_from").value is None
    assert app.text_input(key="inbox_source").value == ""


def test_the_days_are_those_of_the_reader(deployment: Deployment):
    today = datetime.now(UTC).date()
    assert names(inbox(**{"from": (today - timedelta(days=1)).isoformat(), "to": today.isoformat()})) != []
    assert names(inbox(**{"from": (today + timedelta(days=1)).isoformat()})) == []


def test_a_page_further_in_is_the_same_after_new_arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deployment = Deployment.make(tmp_path)
    for name, value in deployment.environment.items():
        monkeypatch.setenv(name, value)
    deployment.tell(*(an_upload(f"{n:03d}.mp4", at=NOON + timedelta(minutes=n)) for n in range(PAGE_SIZE + 3)))
    foot = listed(inbox())["foot"]
    (after,) = re.findall(r'data-tell="after:([^"]+)"', foot)
    assert f"{PAGE_SIZE} of {PAGE_SIZE + 3} items" in foot
    second = inbox(after=after)
    assert names(second) == ["002.mp4", "001.mp4", "000.mp4"]
    deployment.tell(an_upload("late.mp4", at=NOON + timedelta(days=1)))
    again = inbox(after=after)
    assert names(again) == names(second)
    (before,) = re.findall(r'data-tell="before:([^"]+)"', listed(again)["foot"])
    assert names(inbox(before=before)) == [f"{number:03d}.mp4" for number in range(PAGE_SIZE + 2, 2, -1)]


def test_an_empty_install_brings_sample_clips_at_the_push_of_a_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deployment = Deployment.make(tmp_path)
    for name, value in deployment.environment.items():
        monkeypatch.setenv(name, value)
    app = inbox()
    assert "Nothing here yet." in listed(app)["note"]
    app.button(key="samples").click().run(timeout=120)
    assert not app.exception
    assert "3 sample clips lie in the bucket" in words_of(app)
    keys = sorted(found.key for found in deployment.bucket.list("uploads/"))
    assert sorted(key.rpartition("/")[2] for key in keys) == list(sample_media.SAMPLES.values())
    assert all(sniff_bytes(deployment.bucket.read(key)[:SNIFFED_BYTES]) for key in keys)
    deployment.tell(*(deployment.announced(key) for key in keys))
    assert len(names(inbox())) == 3
    assert [button.key for button in inbox().button] == []


def test_who_may_not_submit_gets_no_samples(tmp_path: Path):
    bucket = FolderStore.make(tmp_path / "in")
    with pytest.raises(AccessDenied):
        sample_clips.load(bucket, by=Principal("guest", Role.VIEWER), limit_bytes=2**20)
    assert list(bucket.list("")) == []


def test_every_filter_has_words():
    for name, value in zip(FILTERS, ("x", "video", "2024-01-31", "2024-02-01", "desk/", "telltale", "no"), strict=True):
        assert len(said_of({**NOTHING, name: value})) == 1
    assert said_of(NOTHING) == []
