"""The pages in a real Chromium: items come and change by themselves, every state has its words, nothing breaks."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import detectors
from contracts.messages import MediaUploaded
from contracts.vocabulary import Lifecycle, Verdict
from dashboard.read_model import ReadModelWriter
from tests.support.dashboard_server import PATIENCE_MS, a_dashboard
from tests.support.items import a_verdict, an_extraction
from tests.support.read_models import Deployment, a_judged_clip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WIDTHS_PX = (1280, 1920)


def open_inbox(page: Page, address: str, query: str = "") -> None:
    page.goto(address + query)
    page.locator(".tt-tabs button").first.wait_for()


def row_of(page: Page, name: str):
    return page.locator(".tt-row", has_text=name)


def test_the_inbox_shows_every_kind_of_item_with_its_words(page: Page, address: str):
    open_inbox(page, address)
    for name, words in (
        ("statement swapped.mp4", "Likely manipulated"),
        ("street interview.mp4", "Some evidence"),
        ("press conference.mp4", "No evidence found"),
        ("messenger copy.mp4", "Inconclusive"),
        ("harbour at night.mp4", "no face found"),
        ("cut off.mp4", "Failed"),
        ("live report.mp4", "1 of 2 detectors, may change"),
        ("just arrived.mp4", "Analysing"),
    ):
        expect(row_of(page, name)).to_contain_text(words)
    expect(row_of(page, "statement swapped.mp4").locator("img.tt-thumb")).to_be_visible()
    expect(row_of(page, "harbour at night.mp4")).not_to_contain_text("in 100")
    expect(page.locator(".tt-as-of")).to_contain_text("data as of")


def test_a_new_item_appears_and_reaches_its_verdict_without_a_reload(page: Page, address: str, deployment: Deployment):
    open_inbox(page, address)
    page.evaluate("window.sameDocument = true")
    upload = deployment.upload("breaking news.mp4", deployment.clip())
    deployment.tell(upload)
    row = row_of(page, "breaking news.mp4")
    expect(row).to_contain_text("Received")
    deployment.tell(an_extraction(upload))
    expect(row).to_contain_text("Analysing")
    deployment.tell(a_verdict(upload, Verdict.SOME_EVIDENCE, seq=1, lifecycle=Lifecycle.PROVISIONAL))
    expect(row).to_contain_text("First look")
    deployment.tell(a_verdict(upload, Verdict.NO_EVIDENCE_FOUND, seq=2))
    expect(row).to_contain_text("No evidence found")
    expect(row).to_contain_text("Final")
    expect(page.locator(".tt-row").first).to_contain_text("breaking news.mp4")
    assert page.evaluate("window.sameDocument")


def test_new_items_wait_for_the_reader_who_asked_for_that(page: Page, address: str, deployment: Deployment):
    open_inbox(page, address, "/?insert=ask")
    page.locator(".tt-row").first.wait_for()
    deployment.tell(deployment.upload("held back.mp4", deployment.clip()))
    pill = page.get_by_role("button", name="1 new item — show")
    expect(pill).to_be_visible()
    expect(row_of(page, "held back.mp4")).to_have_count(0)
    pill.click()
    expect(row_of(page, "held back.mp4")).to_be_visible()


def test_a_click_opens_the_item_and_back_leads_to_the_list(page: Page, address: str):
    open_inbox(page, address)
    row_of(page, "statement swapped.mp4").click()
    expect(page.locator(".tt-card h2")).to_contain_text("Likely manipulated — strong evidence found")
    expect(page.locator(".tt-card")).to_contain_text("the face of Person 1 was manipulated between 00:00 and 00:08")
    assert "item=" in page.url
    page.get_by_role("button", name="Inbox", exact=False).first.click()
    expect(row_of(page, "statement swapped.mp4")).to_be_visible()


def test_filters_live_in_the_address_and_survive_item_back_and_reload(page: Page, address: str):
    open_inbox(page, address)
    page.get_by_placeholder("Name, SHA-256").fill("swapped")
    page.keyboard.press("Enter")
    expect(page.locator(".tt-row")).to_have_count(1)
    page.locator(".tt-tabs button", has_text="Likely manipulated").click()
    expect(page.locator(".tt-tabs [aria-selected=true]")).to_contain_text("Likely manipulated")
    page.wait_for_function("location.search.includes('q=swapped') && location.search.includes('tab=likely')")
    page.reload()
    expect(page.get_by_placeholder("Name, SHA-256")).to_have_value("swapped")
    expect(page.locator(".tt-row")).to_have_count(1)
    page.locator(".tt-row").click()
    page.locator(".tt-card").wait_for()
    page.go_back()
    expect(page.locator(".tt-tabs [aria-selected=true]")).to_contain_text("Likely manipulated")
    expect(page.locator(".tt-row")).to_have_count(1)


def test_a_search_without_hits_offers_to_clear_it(page: Page, address: str):
    open_inbox(page, address, "/?q=no-such-name")
    expect(page.locator(".tt-empty")).to_contain_text("No item matches.")
    page.locator(".tt-empty").get_by_role("button", name="Clear filters").click()
    expect(row_of(page, "statement swapped.mp4")).to_be_visible()


def test_a_first_look_offers_its_news_and_does_not_move_by_itself(page: Page, address: str, deployment: Deployment):
    upload, first = a_judged_clip(
        deployment, "developing.mp4", 0.6, Verdict.SOME_EVIDENCE, lifecycle=Lifecycle.PROVISIONAL
    )
    deployment.tell(upload, first)
    page.goto(f"{address}/?item={upload.media_id}")
    expect(page.locator(".tt-card")).to_contain_text("First look, 1 of 2 detectors finished. May change.")
    deployment.tell(a_verdict(upload, Verdict.NO_EVIDENCE_FOUND, seq=2))
    news = page.get_by_role("button", name="New results — refresh")
    expect(news).to_be_visible()
    expect(page.locator(".tt-card")).to_contain_text("First look")
    news.click()
    # While the page is redrawn, Streamlit shows the old card below the new one for a moment.
    expect(page.locator(".tt-card h2", has_text="No evidence of manipulation found")).to_be_visible()
    expect(page.locator(".tt-card h2")).to_have_count(1)
    expect(news).to_have_count(0)


def test_a_failed_item_says_what_to_do(page: Page, address: str, seeded: dict[str, MediaUploaded]):
    page.goto(f"{address}/?item={seeded['cut off.mp4'].media_id}")
    card = page.locator(".tt-card")
    expect(card).to_contain_text("The pipeline stopped while reading it.")
    expect(card).to_contain_text("There is no verdict, and nothing is said about the media.")
    expect(card).to_contain_text("Fetch the file again")


def test_an_item_whose_media_and_crops_are_gone_keeps_its_verdict(page: Page, address: str, deployment: Deployment):
    upload, verdict = a_judged_clip(deployment, "deleted.mp4", 0.9, Verdict.LIKELY_MANIPULATED)
    deployment.tell(upload, verdict)
    deployment.bucket.delete("deleted.mp4")
    deployment.work.delete(verdict.tracks[0].evidence[0].bundle.key)
    page.goto(f"{address}/?item={upload.media_id}")
    expect(page.locator(".tt-card h2")).to_contain_text("Likely manipulated")
    expect(page.get_by_text("The media is no longer in the bucket.")).to_be_visible()
    expect(page.get_by_text("The evidence crops have expired.")).to_be_visible()


def test_an_unknown_item_is_one_sentence(page: Page, address: str):
    page.goto(f"{address}/?item=../../etc")
    expect(page.locator(".tt-card")).to_contain_text("There is no item ../../etc here.")


def test_an_upload_lands_in_the_bucket_and_leads_to_its_item(
    page: Page, address: str, deployment: Deployment, tmp_path: Path
):
    file = tmp_path / "from the desk.mp4"
    file.write_bytes(deployment.clip())
    page.goto(f"{address}/submit")
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("button", name="Send to the bucket").click()
    expect(page.get_by_text("waiting to be noticed")).to_be_visible()
    (stored,) = deployment.bucket.list("uploads/")
    assert stored.key.endswith("/from the desk.mp4")
    assert deployment.bucket.read(stored.key) == deployment.clip()
    deployment.tell(deployment.announced(stored.key))
    page.get_by_role("button", name="Open item").click()
    expect(page.get_by_role("heading", name="from the desk.mp4")).to_be_visible()


def test_the_guide_explains_every_verdict(page: Page, address: str):
    page.goto(f"{address}/guide")
    for words in ("Likely manipulated", "Some evidence", "No evidence found", "Inconclusive", "Not assessed"):
        expect(page.get_by_text(words, exact=True).first).to_be_visible()


def test_every_detector_shows_its_card(page: Page, address: str):
    page.goto(f"{address}/detectors?detector=mesonet")
    expect(page.get_by_role("heading", name="MesoNet")).to_be_visible()
    expect(page.get_by_text("telltale detectors fetch mesonet").first).to_be_visible()
    for section in ("Trained on", "Measured", "Calibration", "Does not see", "Not for", "What it costs"):
        expect(page.get_by_role("heading", name=section, exact=True)).to_be_visible()
    for name in detectors.names():
        expect(page.get_by_role("cell", name=name, exact=True).first).to_be_visible()
    assert "detector=mesonet" in page.url
    row = page.locator(".tt-stack tr", has_text="share of genuine clips with a raw score of 0.5 or more").first
    expect(row).to_contain_text("0.0612")
    command = page.locator("[data-testid=stCode]", has_text="detectors.training.measuring.registered mesonet")
    expect(command.first).to_be_visible()


def test_detectors_stand_side_by_side(page: Page, address: str):
    page.goto(f"{address}/detectors?compare=telltale,selimsef")
    table = page.locator(".tt-stack", has_text="Looks for")
    expect(table).to_contain_text("446.53 million parameters")
    expect(table).to_contain_text("2.23 million parameters")
    expect(table).to_contain_text("no licence of their own; published next to MIT code")
    expect(page.locator("[data-testid=stCode]", has_text="detectors compare telltale selimsef")).to_be_visible()


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_of_a_card_is_cut_off(browser: Browser, address: str, width_px: int):
    page = browser.new_page(viewport={"width": width_px, "height": 900})
    page.goto(f"{address}/detectors?detector=telltale&compare=telltale,mesonet,eighteen")
    page.get_by_role("heading", name="Licences", exact=True).wait_for(timeout=PATIENCE_MS)
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    cut_off = """[...document.querySelectorAll('.tt-stack td, .tt-stack th, .tt-lines li, [data-testid=stCode] code')]
        .filter(part => part.offsetWidth && (part.scrollWidth > part.clientWidth + 1
            || part.getBoundingClientRect().right > innerWidth)).map(part => part.innerText)"""
    assert page.evaluate(cut_off) == []
    page.close()


@pytest.mark.parametrize("width_px", WIDTHS_PX)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen(
    browser: Browser, address: str, seeded: dict[str, MediaUploaded], width_px: int, scheme
):
    page = browser.new_page(viewport={"width": width_px, "height": 900}, color_scheme=scheme)
    item = f"/?item={seeded['statement swapped.mp4'].media_id}"
    for query, sign in (("/", ".tt-row"), ("/detectors", ".tt-table"), (item, ".tt-card")):
        page.goto(address + query)
        page.locator(sign).first.wait_for(timeout=PATIENCE_MS)
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    page.close()


def test_nothing_is_asked_of_any_other_host(browser: Browser, address: str):
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator(".tt-row").first.wait_for(timeout=PATIENCE_MS)
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_an_empty_deployment_says_where_to_drop_files_and_that_no_feed_runs(browser: Browser, tmp_path: Path):
    deployment = Deployment.make(tmp_path)
    with a_dashboard(deployment) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator(".tt-empty")).to_contain_text("Nothing here yet.", timeout=PATIENCE_MS)
        expect(page.locator(".tt-empty")).to_contain_text("Drop a file into the watched folder incoming or upload one.")
        expect(page.locator(".tt-banner")).to_contain_text("has not started yet")
        deployment.writer.beat()
        expect(page.locator(".tt-pulse")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        stop_beating(deployment.writer)
        expect(page.locator(".tt-banner")).to_contain_text("The live feed has stopped", timeout=PATIENCE_MS)
        page.close()


def stop_beating(writer: ReadModelWriter) -> None:
    """As if the last sign of life had been given two minutes ago."""
    writer.beat(now_s=time.time() - 120)
