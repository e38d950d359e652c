"""The pages before axe-core, in a real Chromium: no finding that it calls serious or critical."""

from typing import Any

import pytest
from playwright.sync_api import Page

from contracts.messages import MediaUploaded
from tests.support.parts import AXE

pytestmark = [pytest.mark.browser, pytest.mark.axe, pytest.mark.timeout(300)]
# Streamlit draws these parts itself and gives no say in them.
STREAMLITS_OWN = ("stFileUploader", "stSelectbox", "stMultiSelect", "stTooltip", "stHeader", "stExpander", "stToolbar")
PAGES = {
    "/": ".tt-row",
    "/submit": "[data-testid=stFileUploader]",
    "/guide": ".tt-table",
    "/detectors": ".tt-table",
    "/pipeline": ".tt-empty",
    "/queues": ".tt-table",
    "/health": ".tt-empty",
    "/policy": ".tt-lines",
    "/drift": ".tt-empty",
    "/labels": ".tt-table",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_flaw(page: Page, address: str, path: str):
    page.goto(address + path)
    page.locator(PAGES[path]).first.wait_for()
    assert serious(page) == []


def test_an_item_has_no_serious_flaw(page: Page, address: str, seeded: dict[str, MediaUploaded]):
    page.goto(f"{address}/?item={seeded['statement swapped.mp4'].media_id}")
    page.locator(".tt-timeline svg").first.wait_for()
    assert serious(page) == []


def serious(page: Page) -> list[tuple[str, Any]]:
    """What axe-core finds on the page, without what Streamlit draws by itself: the rule and the place."""
    page.evaluate(max(AXE.glob("*.js")).read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(own in node["html"] or own in str(node["target"]) for own in STREAMLITS_OWN)
    ]
