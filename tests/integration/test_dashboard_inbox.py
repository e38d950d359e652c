"""The inbox in a real Chromium: pages, filters and the open item live in the address, and Back leads through them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from contracts.messages import MediaUploaded, utc_now
from dashboard.custody.deletion import Places, delete_item, plan_of
from dashboard.item_queries import PAGE_SIZE
from tests.support.dashboard_server import PATIENCE_MS
from tests.support.items import a_verdict, an_upload
from tests.support.read_models import Deployment

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
NUMBER = PAGE_SIZE + 20


@pytest.fixture(scope="module")
def seeded(deployment: Deployment) -> dict[str, MediaUploaded]:
    """More items than a page has, the newest first: 000, 001, …; every tenth of another source."""
    now = utc_now()
    told = {}
    for number in range(NUMBER):
        folder = "wire" if number % 10 == 0 else "desk"
        upload = an_upload(f"{folder}/clip {number:03d}.mp4", at=now - timedelta(minutes=10 + number))
        told[upload.key] = upload
        deployment.writer.apply([upload, a_verdict(upload)])
    deployment.writer.beat()
    return told


def open_inbox(page: Page, address: str, query: str = "/") -> None:
    page.goto(address + query)
    page.locator(".tt-row").first.wait_for()


def shows(page: Page, first: str, number: int) -> None:
    expect(page.locator(".tt-row").first).to_contain_text(first)
    expect(page.locator(".tt-row")).to_have_count(number)


def foot(page: Page, name: str) -> None:
    page.locator(".tt-foot button", has_text=name).click()


def test_next_back_and_the_browsers_back_lead_through_the_pages(page: Page, address: str):
    open_inbox(page, address)
    shows(page, "clip 000.mp4", PAGE_SIZE)
    foot(page, "Next")
    shows(page, "clip 050.mp4", NUMBER - PAGE_SIZE)
    page.wait_for_function("location.search.includes('after=')")
    second = page.url
    foot(page, "Back")
    shows(page, "clip 000.mp4", PAGE_SIZE)
    page.go_back()
    shows(page, "clip 050.mp4", NUMBER - PAGE_SIZE)
    page.go_back()
    shows(page, "clip 000.mp4", PAGE_SIZE)
    assert "after=" not in page.url
    open_inbox(page, second, "")
    shows(page, "clip 050.mp4", NUMBER - PAGE_SIZE)
    foot(page, "First page")
    shows(page, "clip 000.mp4", PAGE_SIZE)


def test_a_filter_narrows_the_list_and_back_takes_it_away(page: Page, address: str):
    open_inbox(page, address)
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Source").fill("wire/")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('source=wire')")
    page.keyboard.press("Escape")
    shows(page, "clip 000.mp4", NUMBER // 10)
    expect(page.get_by_text("Filters: from wire/")).to_be_visible()
    page.reload()
    shows(page, "clip 000.mp4", NUMBER // 10)
    page.locator(".tt-row", has_text="clip 010.mp4").click()
    page.locator(".tt-card").wait_for()
    page.go_back()
    shows(page, "clip 000.mp4", NUMBER // 10)
    page.go_back()
    shows(page, "clip 000.mp4", PAGE_SIZE)
    page.go_forward()
    shows(page, "clip 000.mp4", NUMBER // 10)
    page.get_by_role("button", name="Clear filters").click()
    shows(page, "clip 000.mp4", PAGE_SIZE)
    assert "source=" not in page.url


def test_the_list_is_found_as_it_was_left(page: Page, address: str):
    open_inbox(page, address, "/?source=wire/&sort=oldest")
    shows(page, "clip 060.mp4", NUMBER // 10)
    page.get_by_role("link", name="How to read this").click()
    expect(page.get_by_text("Likely manipulated", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Inbox", exact=True).click()
    shows(page, "clip 060.mp4", NUMBER // 10)
    page.wait_for_function("location.search.includes('source=wire')")


def test_the_inbox_has_a_name_in_the_address(page: Page, address: str):
    open_inbox(page, address, "/inbox?source=wire/")
    shows(page, "clip 000.mp4", NUMBER // 10)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".tt-row", has_text="clip 010.mp4").click()
    expect(page.get_by_role("heading", name="clip 010.mp4")).to_be_visible()


@pytest.fixture
def late(deployment: Deployment) -> Iterator[MediaUploaded]:
    """An upload that a test may tell of; afterwards the others find the list as it was."""
    upload = an_upload("desk/late.mp4", at=utc_now())
    yield upload
    places = Places(
        engine=deployment.writer._engine, bucket=deployment.bucket, work=deployment.work, home=deployment.home
    )
    delete_item(places, plan_of(places, upload.media_id), because="the test is over", media_too=False)


def test_an_arrival_shifts_no_page_but_the_first(page: Page, address: str, deployment: Deployment, late: MediaUploaded):
    open_inbox(page, address)
    foot(page, "Next")
    shows(page, "clip 050.mp4", NUMBER - PAGE_SIZE)
    deployment.tell(late)
    expect(page.locator(".tt-counts")).to_contain_text(f"{NUMBER + 1} items")
    shows(page, "clip 050.mp4", NUMBER - PAGE_SIZE)
    foot(page, "First page")
    shows(page, "late.mp4", PAGE_SIZE)


@pytest.mark.parametrize("query", ["/", "/?q=nothing-like-it"])
def test_nothing_of_the_list_is_cut_off_on_a_phone(browser: Browser, address: str, query: str):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address + query)
    page.locator(".tt-row, .tt-empty").first.wait_for(timeout=PATIENCE_MS)
    beyond = (
        "[...document.querySelectorAll('.tt-inbox *')].filter(one => one.getBoundingClientRect().right > innerWidth)"
    )
    assert page.evaluate(f"{beyond}.map(one => one.className)") == []
    page.close()
