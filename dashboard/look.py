"""The look of the pages: server flags, colours, shapes and style sheet; nothing enters, nothing is computed.

Blue, grey, amber and vermilion stay apart for the common kinds of colour blindness; every colour comes with a shape
and a word of its own. There is no green and no tick: either would read as a promise.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contracts.vocabulary import Lifecycle, Verdict

BLUE = "#3d7cc9"
GREY = "#868d97"
AMBER = "#d99a1c"
VERMILION = "#d9492b"

STREAMLIT_FLAGS: tuple[str, ...] = (
    "--server.headless=true",
    "--server.address=127.0.0.1",
    "--server.fileWatcherType=none",
    "--server.maxUploadSize=1024",
    "--browser.gatherUsageStats=false",
    "--client.toolbarMode=minimal",
    "--client.showErrorDetails=none",
    "--theme.baseRadius=6px",
    "--theme.baseFontSize=15",
    "--theme.paddingTop=1.5rem",
    "--theme.light.primaryColor=#1f5fa8",
    "--theme.light.backgroundColor=#fbfbfa",
    "--theme.light.secondaryBackgroundColor=#f1f2f2",
    "--theme.light.textColor=#1d2125",
    "--theme.light.borderColor=#dcdfe2",
    "--theme.dark.primaryColor=#6ea8e6",
    "--theme.dark.backgroundColor=#14171a",
    "--theme.dark.secondaryBackgroundColor=#1d2125",
    "--theme.dark.textColor=#e8eaec",
    "--theme.dark.borderColor=#343a40",
)


@dataclass(frozen=True)
class Mark:
    """How a verdict or state is drawn: its colour and the body of an 16 x 16 SVG."""

    colour: str
    shape: str


VERDICT_MARKS: dict[Verdict, Mark] = {
    Verdict.LIKELY_MANIPULATED: Mark(
        VERMILION,
        '<path d="M8 1 15.5 14.5H.5Z" fill="currentColor"/><path d="M8 6v4M8 11.6v1.4" stroke="#fff" '
        'stroke-width="1.6"/>',
    ),
    Verdict.SOME_EVIDENCE: Mark(
        AMBER,
        '<path d="M8 .8 15.2 8 8 15.2.8 8Z" fill="currentColor"/><path d="M8 4.6v4M8 10.2v1.4" stroke="#fff" '
        'stroke-width="1.6"/>',
    ),
    Verdict.INCONCLUSIVE: Mark(
        GREY,
        '<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M4.5 6.6h7M4.5 9.6h7" stroke="#fff" '
        'stroke-width="1.5"/>',
    ),
    Verdict.NO_EVIDENCE_FOUND: Mark(
        BLUE, '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="2.4"/>'
    ),
    Verdict.NOT_ASSESSED: Mark(
        GREY,
        '<rect x="1.6" y="1.6" width="12.8" height="12.8" rx="2" fill="none" stroke="currentColor" stroke-width="1.8" '
        'stroke-dasharray="3 2.1"/>',
    ),
}
WORKING_MARK = Mark(
    GREY,
    '<circle cx="3" cy="8" r="1.7" fill="currentColor"/><circle cx="8" cy="8" r="1.7" fill="currentColor"/>'
    '<circle cx="13" cy="8" r="1.7" fill="currentColor"/>',
)
FAILED_MARK = Mark(
    GREY,
    '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" stroke="currentColor" stroke-width="1.6"/>',
)
HIDDEN_MARK = Mark(
    GREY,
    '<path d="M1 8c3.5-5.3 10.5-5.3 14 0-3.5 5.3-10.5 5.3-14 0Z" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="m3 14 10-12" stroke="currentColor" stroke-width="1.8"/>',
)

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="148" height="28" viewBox="0 0 148 28">'
    f'<path d="M3 21V7l9 11 9-11v14" fill="none" stroke="{VERMILION}" stroke-width="2.6" stroke-linejoin="round"/>'
    '<circle cx="12" cy="6" r="2.2" fill="#7b8794"/>'
    '<text x="32" y="20.5" font-family="Source Sans, Source Sans Pro, sans-serif" font-size="19" font-weight="600" '
    'letter-spacing=".2" fill="#7b8794">Telltale</text></svg>'
)


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 24 24">'
    f'<path d="M3 21V7l9 11 9-11v14" fill="none" stroke="{VERMILION}" stroke-width="3" stroke-linejoin="round"/>'
    '<circle cx="12" cy="6" r="2.6" fill="#7b8794"/></svg>'
)


def mark_of(lifecycle: Lifecycle, verdict: Verdict | None) -> Mark:
    """The mark of an item in a list: its verdict's, unless there is none yet or never will be."""
    if lifecycle is Lifecycle.FAILED:
        return FAILED_MARK
    return VERDICT_MARKS[verdict] if verdict else WORKING_MARK


@cache
def asset(name: str) -> str:
    """A style sheet or script that lies beside the code."""
    return files("dashboard").joinpath("assets", name).read_text(encoding="utf-8")
