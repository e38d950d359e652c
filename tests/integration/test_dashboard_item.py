"""One item in a real Chromium: play, seek, choose detectors, other base rates, review, each report."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contracts.messages import MediaUploaded, MediaVerdict
from contracts.settings import DashboardSettings
from dashboard import item_queries, reviews
from dashboard.read_model import open_engine, url_of
from tests.support.read_models import CLIP_S, Deployment

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HEAT_MAP_PATIENCE_MS = 240_000
CHECK_WORDS = r"in 100\. (Check passed|Check failed|Nothing here pushed the score up)"
VIDEO = "document.querySelector('[data-testid=stVideo]')"


@pytest.fixture
def swapped(page: Page, address: str, seeded: dict[str, MediaUploaded]) -> Page:
    """The page of the swapped statement, its player ready."""
    page.goto(f"{address}/?item={seeded['statement swapped.mp4'].media_id}")
    page.wait_for_function(f"{VIDEO}?.readyState > 0")
    page.locator(".tt-timeline svg").wait_for()
    return page


def shows(page: Page, at_s: float) -> None:
    page.wait_for_function(f"Math.abs({VIDEO}.currentTime - {at_s}) < 0.6")


def test_a_click_on_the_timeline_moves_the_player_and_the_address(swapped: Page):
    lane = swapped.locator(".tt-lane > rect").first
    box = lane.bounding_box()
    assert box
    lane.click(position={"x": box["width"] * 5 / CLIP_S, "y": 30}, force=True)
    shows(swapped, 5.0)
    swapped.wait_for_function("Math.abs(Number(new URLSearchParams(location.search).get('t')) - 5) < 0.1")
    swapped.keyboard.press("ArrowLeft")
    shows(swapped, 4.0)
    head = swapped.locator(".tt-playhead")
    expect(head).not_to_have_attribute("x1", "44")
    link = swapped.url
    swapped.goto("about:blank")
    swapped.goto(link)
    swapped.wait_for_function(f"{VIDEO}?.readyState > 0")
    shows(swapped, 4.0)


def test_people_show_their_crops_and_a_crop_moves_the_player(swapped: Page):
    expect(swapped.locator(".tt-crops img")).to_have_count(7)
    swapped.get_by_role("button", name="Go to 00:06").click()
    shows(swapped, 6.0)


def test_the_player_plays_at_the_chosen_speed_and_volume(swapped: Page):
    swapped.get_by_role("button", name="0.25×").click()
    expect(swapped.get_by_role("button", name="0.25×")).to_have_attribute("aria-pressed", "true")
    swapped.locator("[data-volume]").fill("30")
    swapped.get_by_role("button", name="Play", exact=True).click()
    expect(swapped.get_by_role("button", name="Pause")).to_be_visible()
    swapped.wait_for_function(f"{VIDEO}.currentTime > 0")
    assert swapped.evaluate(f"[{VIDEO}.playbackRate, {VIDEO}.volume]") == [0.25, 0.3]
    swapped.get_by_role("button", name="One frame on").click()
    assert swapped.evaluate(f"{VIDEO}.paused")


def test_what_nobody_scored_is_hatched(swapped: Page):
    hatched = swapped.locator(".tt-unscored")
    expect(hatched).to_have_count(2)
    expect(hatched.first.locator("title")).to_have_text("not scored, 00:05 to 00:08")


def test_leaving_out_a_detector_is_a_what_if_and_changes_no_verdict(swapped: Page):
    card = swapped.locator(".tt-card").inner_text()
    swapped.locator("label", has_text="mesonet").click()
    what_if = swapped.locator(".tt-what-if")
    expect(what_if).to_contain_text("If only telltale counted: about 93 in 100, over the upper threshold.")
    expect(what_if).to_contain_text("This is a what-if, not the verdict.")
    expect(swapped.locator(".tt-bar", has_text="mesonet")).to_contain_text("left out")
    assert swapped.locator(".tt-card").inner_text() == card
    swapped.locator("label", has_text="mesonet").click()
    expect(what_if).to_have_count(0)


def test_another_base_rate_moves_a_secondary_figure_only(swapped: Page):
    swapped.get_by_text("What it means where manipulated files are rare").click()
    figure = swapped.locator(".tt-secondary")
    expect(figure).to_contain_text("If 500 in 1,000 of such files are manipulated")
    swapped.get_by_role("slider", name="Manipulated files").press("Home")
    expect(figure).to_contain_text(re.compile(r"If 1 in 1,000 .* about 13 \(between fewer than 10 and \d+\)"))
    expect(swapped.locator(".tt-card")).to_contain_text("Estimate: 81–99 in 100")


def test_every_report_can_be_downloaded_and_holds_the_event(
    swapped: Page, deployment: Deployment, seeded: dict[str, MediaUploaded]
):
    swapped.get_by_role("tab", name="Reports").click()
    whole = json.loads(downloaded(swapped, "Data (JSON)"))
    media_id = seeded["statement swapped.mp4"].media_id
    known = item_queries.item(engine_of(deployment), media_id).verdict
    assert MediaVerdict.model_validate(whole["verdict"]) == known
    assert "Likely manipulated — strong evidence found" in downloaded(swapped, "Page (HTML)").decode()
    assert downloaded(swapped, "Document (PDF)").startswith(b"%PDF-")
    assert downloaded(swapped, "Charts (PNG)").startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(downloaded(swapped, "Rows (CSV)").decode())))
    assert [(row["detector"], row["media_id"]) for row in rows] == [("telltale", media_id), ("mesonet", media_id)]


def downloaded(page: Page, label: str) -> bytes:
    # While the page is being drawn, a button may be exchanged under the click for one with newer content.
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    with page.expect_download() as coming:
        page.get_by_role("button", name=label).click()
    return Path(coming.value.path()).read_bytes()


def engine_of(deployment: Deployment):
    return open_engine(url_of(DashboardSettings(home=deployment.home)))


def test_a_review_stands_beside_the_verdict_and_becomes_a_label(
    page: Page, address: str, deployment: Deployment, seeded: dict[str, MediaUploaded]
):
    media_id = seeded["desk/street interview.mp4"].media_id
    page.goto(f"{address}/?item={media_id}")
    before = item_queries.item(engine_of(deployment), media_id)
    page.get_by_role("button", name="Save the review").click()
    expect(page.get_by_text("Choose a conclusion first.")).to_be_visible()
    page.get_by_text("Confirmed authentic, with a basis").click()
    page.get_by_role("button", name="Save the review").click()
    expect(page.get_by_text("Say what the authenticity rests on")).to_be_visible()
    page.get_by_role("button", name="Original obtained").click()
    page.get_by_label("Who reviews").fill("Anna")
    page.get_by_text("May be used to evaluate").click()
    page.get_by_role("button", name="Save the review").click()
    expect(page.get_by_role("cell", name="Anna")).to_be_visible()
    assert item_queries.item(engine_of(deployment), media_id) == before
    (label,) = csv.DictReader(io.StringIO(downloaded(page, "Labels of all reviewed items").decode()))
    assert (label["path"], label["label"], label["reviewer"]) == ("desk/street interview.mp4", "real", "Anna")


def test_who_wants_so_says_an_opinion_before_the_verdict_is_told(
    page: Page, address: str, deployment: Deployment, seeded: dict[str, MediaUploaded]
):
    page.goto(f"{address}/?opinion=first")
    row = page.locator(".tt-row", has_text="press conference.mp4")
    expect(row).to_contain_text("Your opinion first")
    expect(row).not_to_contain_text("in 100")
    row.locator("a").click()
    expect(page.locator(".tt-card")).to_contain_text("The verdict, the scores and the crops are shown when")
    assert "No evidence" not in page.locator("[data-testid=stMain]").inner_text()
    page.get_by_text("Cannot tell").click()
    page.get_by_label("Who reviews").fill("Ben")
    page.get_by_role("button", name="Save the review").click()
    expect(page.locator(".tt-card h2")).to_contain_text("No evidence of manipulation found")
    (said,) = reviews.reviews_of(engine_of(deployment), seeded["press conference.mp4"].media_id)
    assert (said.reviewer, said.before_verdict) == ("Ben", True)


def test_heat_maps_are_computed_with_their_progress_and_shown_with_their_check(swapped: Page):
    swapped.get_by_role("tab", name="Heat map").click()
    swapped.get_by_role("button", name="Compute heat maps").click()
    expect(swapped.get_by_text(re.compile(r"^Heat maps: [a-z ,]+, \d+ s so far\.$"))).to_be_visible()
    maps = swapped.get_by_test_id("stImage").locator("img")
    expect(maps).to_have_count(6, timeout=HEAT_MAP_PATIENCE_MS)
    maps.evaluate_all("all => Promise.all(all.map(one => one.decode()))")
    checked = swapped.get_by_test_id("stMain").get_by_text(re.compile(CHECK_WORDS))
    expect(checked).to_have_count(6)
    expect(swapped.get_by_text("not what was altered")).to_be_visible()
    before = maps.first.get_attribute("src")
    swapped.get_by_role("slider", name="Strength of the overlay").press("End")
    expect(maps.first).not_to_have_attribute("src", before or "")


def test_two_items_are_compared_side_by_side(page: Page, address: str, seeded: dict[str, MediaUploaded]):
    left, right = (seeded[name].media_id for name in ("statement swapped.mp4", "press conference.mp4"))
    page.goto(f"{address}/compare?a={left}&b={right}")
    expect(page.locator(".tt-card h2")).to_have_count(2)
    expect(page.get_by_text("They differ in 5 of")).to_be_visible()
    page.wait_for_function("[...document.querySelectorAll('[data-testid=stVideo]')].every(one => one.readyState > 0)")
    page.get_by_role("button", name="One frame on").click()
    both = "[...document.querySelectorAll('[data-testid=stVideo]')].map(one => one.currentTime)"
    page.wait_for_function(f"{both}.length === 2 && {both}.every(at => at > 0)")
