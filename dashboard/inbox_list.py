"""Rows of the read model in, the live list of the inbox out; its script keeps rows in place while they change."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from contracts.vocabulary import Lifecycle, MediaKind, Reason, Verdict
from dashboard import marks, wording
from dashboard.item_counts import Counted
from dashboard.item_pages import Page
from dashboard.item_queries import Pulse, Question, Row
from dashboard.look import HIDDEN_MARK, VERDICT_MARKS, asset, mark_of
from dashboard.projection import Tab
from dashboard.reviews import Outcome
from dashboard.view_models import DELAYED_AFTER_S, STOPPED_AFTER_S, Freshness

TAB_WORDS: dict[Tab | None, str] = {
    None: "All",
    Tab.LIKELY_MANIPULATED: "Likely manipulated",
    Tab.SOME_EVIDENCE: "Some evidence",
    Tab.INCONCLUSIVE: "Inconclusive",
    Tab.NO_EVIDENCE_FOUND: "No evidence",
    Tab.NOT_ASSESSED: "Not assessed",
    Tab.IN_PROGRESS: "In progress",
}
_TAB_MARKS = {
    Tab.LIKELY_MANIPULATED: VERDICT_MARKS[Verdict.LIKELY_MANIPULATED],
    Tab.SOME_EVIDENCE: VERDICT_MARKS[Verdict.SOME_EVIDENCE],
    Tab.INCONCLUSIVE: VERDICT_MARKS[Verdict.INCONCLUSIVE],
    Tab.NO_EVIDENCE_FOUND: VERDICT_MARKS[Verdict.NO_EVIDENCE_FOUND],
    Tab.NOT_ASSESSED: VERDICT_MARKS[Verdict.NOT_ASSESSED],
}


@dataclass(frozen=True)
class Thumbnail:
    """A miniature as a data address; blurred until the reader asked to see it."""

    address: str
    is_revealed: bool = False


BANNERS = {
    Freshness.STOPPED: "The live feed has stopped: this is the last known state, newer items are missing. "
    "`telltale status` names the stage that is down.",
    Freshness.NEVER: "The live feed has not started yet, so nothing can appear here. Start the pipeline with "
    "`telltale up`.",
}
_HEAD = ("", "Name", "Verdict", "Estimate", "People", "Length", "Arrived", "State")
_NARROW_DROPS = (4, 5, 6)
_KIND_WORDS = {MediaKind.IMAGE: "picture", MediaKind.VIDEO: "video", MediaKind.AUDIO: "recording"}


def mount_pulse(age_s: float | None, pulse: Pulse) -> None:
    """The line that says how old the data is; it goes on counting in the browser."""
    data = {
        "age_s": age_s,
        "counts": pulse_words(pulse),
        "delayed_after_s": DELAYED_AFTER_S,
        "stopped_after_s": STOPPED_AFTER_S,
        "banners": {state: marks.inline(words) for state, words in BANNERS.items()},
    }
    _component("telltale_pulse", "pulse", _PULSE_HTML)(data=data, key="pulse")


def mount_list(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The list itself; what leaves is what the reader just asked for (``open``, ``tab``, ``after`` …)."""
    names = ("open", "tab", "first", "before", "after", "show", "clear", "reveal")
    asked = {f"on_{name}_change": lambda: None for name in names}
    return _component("telltale_inbox", "inbox", _LIST_HTML)(data=data, key="inbox", **asked)


@st.cache_resource
def _component(name: str, files: str, html: str) -> Any:
    return component(name, html=html, css=asset(f"{files}.css"), js=asset(f"{files}.js"))


_PULSE_HTML = (
    '<div class="tt-pulse"><div class="tt-line"><span class="tt-as-of-line"><i class="tt-dot"></i>'
    '<span class="tt-as-of" role="status"></span></span><span class="tt-counts"></span></div>'
    '<div class="tt-banner" role="alert"></div></div>'
)
_LIST_HTML = (
    '<div class="tt-inbox"><div class="tt-tabs" role="tablist" aria-label="Items by verdict"></div>'
    '<div class="tt-note"></div><div class="tt-head" aria-hidden="true">'
    + "".join(
        f'<span class="{"tt-wide" if place in _NARROW_DROPS else ""}">{name}</span>' for place, name in enumerate(_HEAD)
    )
    + '</div><div class="tt-rows" role="list"></div><div class="tt-foot"></div></div>'
)


def pulse_words(pulse: Pulse) -> str:
    """The pipeline in one line."""
    parts = [wording.counted(pulse.items, "item"), f"{pulse.waiting} under way"]
    if pulse.failed:
        parts.append(f"{pulse.failed} failed")
    if pulse.dead_letters:
        parts.append(wording.counted(pulse.dead_letters, "dead letter"))
    return " · ".join(parts)


def list_data(
    question: Question,
    page: Page,
    counts: Mapping[Tab, Counted],
    *,
    newer: int,
    thumbnails: Mapping[str, Thumbnail],
    bucket_name: str,
    reviewed: Mapping[str, Outcome] | None = None,
    reviewed_in: Mapping[str, int] | None = None,
    hides: Container[str] = (),
    place: str = "",
) -> dict[str, Any]:
    """Everything that the list's script draws; the same input gives the same bytes, which are then not sent again.

    ``reviewed`` has the outcomes of the items shown, ``reviewed_in`` the number of reviewed items of each tab; the
    verdicts of the items in ``hides`` are not told, nor are the tabs then, which would tell them. ``place`` is where
    in the list the reader asked to be.
    """
    tabs = TAB_WORDS if not hides else (None,)
    done = {} if question.is_filtered else reviewed_in or {}
    return {
        "question": repr((question, place)),
        "tabs": "".join(_tab(tab, counts, done, is_open=tab == question.tab) for tab in tabs),
        "note": _note(question, page, counts, newer, bucket_name),
        "rows": [_row(row, thumbnails, reviewed or {}, hidden=row["media_id"] in hides) for row in page.rows],
        "foot": _foot(question, page, counts),
    }


def _of_tab(tab: Tab | None, counts: Mapping[Tab, Counted]) -> Counted:
    every = [counts[tab]] if tab and tab in counts else [] if tab else list(counts.values())
    return Counted(sum(one.number for one in every), any(one.or_more for one in every))


def _tab(tab: Tab | None, counts: Mapping[Tab, Counted], reviewed_in: Mapping[str, int], *, is_open: bool) -> str:
    count = _of_tab(tab, counts)
    mark = _TAB_MARKS.get(tab) if tab else None
    shape = marks.shape(mark, size_px=12) if mark else ""
    tell = f"tab:{tab.value if tab else 'all'}"
    return (
        f'<button role="tab" aria-selected="{"true" if is_open else "false"}" data-tell="{tell}" '
        f'title="{_tab_title(tab, count, reviewed_in)}">{shape}{escape(TAB_WORDS[tab])}<i>{count.words}</i></button>'
    )


def _tab_title(tab: Tab | None, count: Counted, reviewed_in: Mapping[str, int]) -> str:
    if count.or_more:
        return f"{_many(count)}: so many fit these filters that only the newest were counted"
    if not reviewed_in:
        return _many(count)
    done = reviewed_in.get(tab.value, 0) if tab else sum(reviewed_in.values())
    return f"{_many(count)}, {done} reviewed"


def _many(count: Counted) -> str:
    if count.or_more:
        return f"At least {wording.counted(count.number, 'item')}" if count.number else "Unknown number of items"
    return wording.counted(count.number, "item")


def _note(question: Question, page: Page, counts: Mapping[Tab, Counted], newer: int, bucket_name: str) -> str:
    if newer:
        return f'<button class="tt-pill" data-tell="show:now">{wording.counted(newer, "new item")} — show</button>'
    if page.rows:
        return ""
    has_any = any(one.number or one.or_more for one in counts.values())
    clear = '<button class="tt-pill" data-tell="clear:now">Clear filters</button>'
    return _empty(*empty_words(question, has_any, bucket_name), clear if question.is_filtered else "")


def empty_words(question: Question, has_any: bool, bucket_name: str) -> tuple[str, str]:
    """What an empty list says: why it is empty and what to do."""
    if question.is_filtered:
        return "No item matches.", "Clear the search and the filters to see all items."
    if question.tab is not None and has_any:
        return f"Nothing under “{TAB_WORDS[question.tab]}” now.", "Items appear here by themselves."
    return "Nothing here yet.", f"Drop a file into the watched folder `{bucket_name}` or upload one."


def _empty(title: str, advice: str, action: str) -> str:
    return f'<div class="tt-empty"><p>{escape(title)}</p><p>{marks.inline(advice)}</p>{action}</div>'


def _foot(question: Question, page: Page, counts: Mapping[Tab, Counted]) -> str:
    if not page.has_before and not page.has_after:
        return ""
    count = _of_tab(question.tab, counts)
    total = "" if count.or_more and not count.number else f" of {count.words} items"
    parts = [f"<span>{len(page.rows)}{total}</span>"]
    if page.has_before:
        parts.append('<button data-tell="first:now">⇤ First page</button>')
    if before := page.before(question.order):
        parts.append(f'<button data-tell="before:{before}">← Back</button>')
    if after := page.after(question.order):
        parts.append(f'<button data-tell="after:{after}">Next →</button>')
    return "".join(parts)


def _row(
    row: Row, thumbnails: Mapping[str, Thumbnail], reviewed: Mapping[str, Outcome], *, hidden: bool
) -> dict[str, str]:
    lifecycle, verdict = Lifecycle(row["lifecycle"]), Verdict(row["verdict"]) if row["verdict"] else None
    said = reviewed.get(row["media_id"])
    state = wording.LIFECYCLE_WORDS[lifecycle]
    cells = (
        _thumbnail(row, None if hidden else thumbnails.get(row["media_id"])),
        f'<span><a class="tt-name" href="?item={row["media_id"]}" title="{escape(row["source_key"])}">'
        f'{escape(row["name"])}</a><div class="tt-sub">{escape(_origin(row))}</div></span>',
        _hidden_verdict() if hidden else _verdict(row, lifecycle, verdict),
        f"<span>{marks.range_bar(None, None) if hidden else _estimate(row, lifecycle, verdict)}</span>",
        f'<span class="tt-num tt-wide">{"–" if row["people"] is None else row["people"]}</span>',
        f'<span class="tt-num tt-wide">{wording.clock(row["duration_s"]) if row["duration_s"] else "–"}</span>',
        f'<span class="tt-num tt-wide"><time data-at="{row["arrived_at_s"]:.0f}"></time></span>',
        f'<span>{escape(state)}<div class="tt-sub">{escape("reviewed" if said else "")}</div></span>',
    )
    return {"id": row["media_id"], "html": "".join(cells)}


def _thumbnail(row: Row, thumbnail: Thumbnail | None) -> str:
    if thumbnail is None:
        return '<span class="tt-thumb"></span>'
    name = escape(row["name"])
    if thumbnail.is_revealed:
        return f'<img class="tt-thumb" src="{thumbnail.address}" alt="Face in {name}">'
    return (
        f'<button type="button" class="tt-reveal" data-tell="reveal:{row["media_id"]}" aria-label="Show the face in '
        f'{name}" title="Show the face"><img class="tt-thumb" src="{thumbnail.address}" alt=""></button>'
    )


def _verdict(row: Row, lifecycle: Lifecycle, verdict: Verdict | None) -> str:
    return f'<span>{marks.chip(lifecycle, verdict)}<div class="tt-sub">{escape(reason_line(row))}</div></span>'


def _hidden_verdict() -> str:
    return f'<span class="tt-chip">{marks.shape(HIDDEN_MARK)}<b>Your opinion first</b></span>'


def _origin(row: Row) -> str:
    kind = _KIND_WORDS.get(MediaKind(row["kind"]), "file")
    folder = row["source_key"].rpartition("/")[0]
    return f"{kind} · {folder}/" if folder and not folder.startswith("uploads/") else kind


def reason_line(row: Row) -> str:
    """The second line of a verdict: how sure it is not, or how far it has come."""
    lifecycle = Lifecycle(row["lifecycle"])
    parts = ["untrained weights"] if row["untrained"] else []
    if lifecycle is Lifecycle.PROVISIONAL:
        done, every = row["detectors_done"], row["detectors_all"]
        parts.append(f"{done} of {wording.counted(every, 'detector')}, may change")
    if row["reason"]:
        parts.append(wording.REASON_WORDS[Reason(row["reason"])].short)
    return " · ".join(parts)


def _estimate(row: Row, lifecycle: Lifecycle, verdict: Verdict | None) -> str:
    if row["low"] is None:
        return marks.range_bar(None, None)
    colour = mark_of(lifecycle, verdict).colour
    return (
        marks.range_bar(row["low"], row["high"], colour=colour)
        + f'<div class="tt-sub">{marks.row_range_words(row["low"], row["high"])}</div>'
    )
