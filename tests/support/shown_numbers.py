"""What stands on a page in Chromium and what API and topic say in; every number compared by the page's rounding out.

The expected words are made here from the API's answers and the event, by the pages' rules for rounding alone, so that a
page that takes a number from the wrong place, or rounds it otherwise, is found.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx
from playwright.sync_api import Locator, Page

from contracts.codec import decode
from contracts.messages import DetectorResult, MediaVerdict, TrackVerdict
from contracts.vocabulary import DetectorStatus, MediaKind, Verdict
from dashboard import wording
from dashboard.inbox_list import TAB_WORDS
from dashboard.operations import drawings
from dashboard.projection import Tab
from dashboard.view_models import spoken_bytes, spoken_ms

Latest = tuple[MediaVerdict, dict[str, Any]]
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass
class Compared:
    """How many numbers were held against each other in each place, and which did not agree."""

    numbers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def same(self, place: str, what: str, shown: object, expected: object) -> None:
        """Note whether two agree; every number in what is expected counts, and a text without one counts for none."""
        self.numbers[place] += len(_NUMBER.findall(str(expected)))
        if shown != expected:
            self.wrong.append(f"{place}, {what}: {shown!r} is shown, {expected!r} is so")

    def explained(self, place: str, text: str, known: str) -> None:
        """Every number in ``text`` stands in ``known`` too."""
        unknown = set(_NUMBER.findall(text)) - set(_NUMBER.findall(known))
        if unknown:
            self.wrong.append(f"{place}: {sorted(unknown)} in {text!r} come from nowhere")

    def add(self, other: "Compared") -> None:
        self.numbers += other.numbers
        self.wrong += other.wrong


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a JSON value with its place."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}[{place}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def compare_items(page: Page, address: str, api: httpx.Client, messages: Sequence[bytes]) -> Compared:
    """Inbox and item pages against API and topic; ``messages`` are all of the verdict topic."""
    latest = latest_of(messages)
    page.goto(address)
    done = settled(page, partial(_compare_inbox, page, api, latest))
    for media_id in latest:
        done.add(settled(page, partial(_compare_item, page, address, api, media_id)))
    return done


def compare_live(page: Page, address: str, api: httpx.Client, place: str) -> Compared:
    """A page of operators against the API: its numbers move with every look, until both have seen the same."""
    page.goto(f"{address}/{place}")
    page.locator("table.tt-table caption").first.wait_for(state="attached")
    compare = compare_pipeline_page if place == "pipeline" else compare_queues_page
    return settled(page, lambda: compare(page, _told(api, "/v1/pipeline"), _told(api, "/v1/items/counts")))


def settled(page: Page, compare: Callable[[], Compared], *, patience_s: float = 90.0) -> Compared:
    """The comparison once nothing is wrong: pages and projector follow the topic, and each other, after a moment."""
    give_up_s = time.monotonic() + patience_s
    while True:
        try:
            done = compare()
        except httpx.HTTPStatusError as why:  # the projector has not read it yet
            done = Compared(wrong=[str(why)])
        if not done.wrong or time.monotonic() > give_up_s:
            return done
        page.wait_for_timeout(500)


def _compare_inbox(page: Page, api: httpx.Client, latest: Mapping[str, Latest]) -> Compared:
    done = Compared()
    page.locator(".tt-row").nth(len(latest) - 1).wait_for()
    counts, pipeline = _told(api, "/v1/items/counts"), _told(api, "/v1/pipeline")
    compare_inbox_counts(done, page, counts, pipeline, [event for event, _ in latest.values()])
    for media_id, (event, message) in latest.items():
        compare_event(done, _told(api, f"/v1/items/{media_id}/verdict"), message)
        row = page.locator(".tt-row", has=page.locator(f'a[href="?item={media_id}"]'))
        compare_inbox_row(done, row, _told(api, f"/v1/items/{media_id}")["summary"], event)
    return done


def _compare_item(page: Page, address: str, api: httpx.Client, media_id: str) -> Compared:
    done = Compared()
    page.goto(f"{address}/?item={media_id}")
    page.locator("table.tt-table caption", has_text="Every verdict, newest first").wait_for(state="attached")
    compare_item_page(done, page, _told(api, f"/v1/items/{media_id}"), _told(api, f"/v1/items/{media_id}/history"))
    return done


def latest_of(messages: Sequence[bytes]) -> dict[str, Latest]:
    """The latest event of each item, as read and as JSON."""
    latest: dict[str, Latest] = {}
    for message in messages:
        event = decode(message, MediaVerdict)
        if event.media_id not in latest or latest[event.media_id][0].seq < event.seq:
            latest[event.media_id] = (event, json.loads(message))
    return latest


def _told(api: httpx.Client, path: str) -> Any:
    return api.get(path).raise_for_status().json()


def compare_event(done: Compared, told: Mapping[str, Any], on_topic: Mapping[str, Any]) -> None:
    """The verdict as the API tells it against the bytes of its message, number by number."""
    ours, theirs = dict(leaves(told)), dict(leaves(on_topic))
    for path, number in theirs.items():
        done.same("api", path, ours.get(path), number)
    if MediaVerdict.model_validate(told) != MediaVerdict.model_validate(on_topic):
        done.wrong.append(f"api: the event of {on_topic['media_id']} differs in more than numbers")


def compare_inbox_row(done: Compared, row: Locator, told: Mapping[str, Any], event: MediaVerdict) -> None:
    """One row of the inbox against the API's summary, which is held against the event first."""
    odds, own = told["probability"], event.probability
    done.same("api", "summary", odds, own.model_dump(include={"value", "low", "high"}) if own else None)
    done.same("api", "people", told["people"], len(event.tracks))
    done.same("api", "duration", told["duration_s"], event.media.duration_s)
    at = datetime.fromisoformat(told["arrived_at"]).timestamp()
    done.same("api", "arrival", at, event.uploaded.received_at.timestamp())
    people, length, _ = row.locator(".tt-num").all_text_contents()
    done.same("inbox", "people", people, str(told["people"]))
    done.same("inbox", "length", length, wording.clock(told["duration_s"]) if told["duration_s"] else "–")
    done.same("inbox", "arrived", row.locator("time").get_attribute("data-at"), f"{at:.0f}")
    label = row.locator(".tt-range").get_attribute("aria-label")
    if odds is None:
        done.same("inbox", "range", label, "no estimate")
        return
    low, high = wording.out_of_100(odds["low"]), wording.out_of_100(odds["high"])
    done.same("inbox", "range", label, f"between {low} and {high} in 100")
    words = row.locator(".tt-range + .tt-sub").text_content()
    done.same("inbox", "range in words", words, _range_words(low, high))


def _range_words(low: int, high: int) -> str:
    return f"{low} in 100" if low == high else f"{low}–{high} in 100"


def compare_inbox_counts(
    done: Compared, page: Page, counts: Mapping[str, int], pipeline: Mapping[str, Any], events: Sequence[MediaVerdict]
) -> None:
    """Tabs and the line of counts against the API, and against the latest event of each item on the topic."""
    by_verdict = Counter(event.verdict for event in events)
    tabs = {Tab.LIKELY_MANIPULATED: Verdict.LIKELY_MANIPULATED, Tab.SOME_EVIDENCE: Verdict.SOME_EVIDENCE}
    tabs |= {Tab.INCONCLUSIVE: Verdict.INCONCLUSIVE, Tab.NO_EVIDENCE_FOUND: Verdict.NO_EVIDENCE_FOUND}
    for tab, verdict in (tabs | {Tab.NOT_ASSESSED: Verdict.NOT_ASSESSED}).items():
        done.same("api", f"count of {tab}", counts[tab], by_verdict[verdict])
    expected = {words: counts[tab] if tab else sum(counts.values()) for tab, words in TAB_WORDS.items()}
    for words, number in expected.items():
        button = page.locator(".tt-tabs button", has_text=re.compile(f"^{re.escape(words)}[0-9]"))
        done.same("inbox", f"tab {words}", button.text_content(), f"{words}{number:,}")
    parts = [wording.counted(pipeline["items"], "item"), f"{pipeline['waiting']} under way"]
    parts += [f"{pipeline['failed']} failed"] if pipeline["failed"] else []
    letters = pipeline["open_dead_letters"]
    parts += [wording.counted(letters, "dead letter")] if letters else []
    done.same("inbox", "line of counts", page.locator(".tt-counts").text_content(), " · ".join(parts))
    done.same("api", "items", pipeline["items"], len(events))


def compare_item_page(
    done: Compared, page: Page, item: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
) -> None:
    """Card, detectors, timeline, people, file and history of one item against the API's answers about it."""
    event = MediaVerdict.model_validate(item["verdict"])
    _compare_card(done, page.locator(".tt-card").first, event)
    _compare_table(done, "detectors", page, "Every detector of this deployment", map(_detector_row, event.detectors))
    notes = [_note(result) for result in event.detectors]
    page.locator(".tt-bar").nth(len(notes) - 1).wait_for()
    done.same("item", "bars", page.locator(".tt-bar text:last-of-type").all_text_contents(), notes)
    _compare_people(done, page, event)
    _compare_file(done, page, item)
    rows = [_history_row(one) for one in reversed(history)]
    shown = [(row[1], *row[2:4], row[5]) for row in _rows(page, "Every verdict, newest first")]
    done.same("item", "history", shown, rows)


def _compare_card(done: Compared, card: Locator, event: MediaVerdict) -> None:
    text, odds, limits = card.inner_text(), event.probability, event.thresholds
    said = [event.policy_version, str(len(event.detectors)), *(one.detail for one in event.problems)]
    said += [f"{event.produced_at:%d %b %Y, %H:%M:%S}", "100", *(one.name for one in event.detectors)]
    said += [f"{number} {number + 1}" for number in range(len(event.tracks))]
    if event.quality and event.quality.sampled_frames:
        frames = f"{event.quality.face_frames} of {event.quality.sampled_frames} frames that were looked at"
        done.same("item", "frames", frames if frames in text else text, frames)
        said.append(frames)
    for track in event.tracks:
        said.append(f"{wording.clock(track.start)} {wording.clock(track.end)}")
    if odds is not None:
        low, high = wording.out_of_100(odds.low), wording.out_of_100(odds.high)
        value, prior = wording.out_of_100(odds.value), wording.out_of_100(odds.prior)
        said.append(f"{low} {high} {value} {prior} 1 50 99")
        words = f"Estimate: {_range_words(low, high)}"
        done.same("item", "estimate", words if words in text else text, words)
        bar = card.locator(".tt-range")
        done.same("item", "bar", bar.get_attribute("aria-label"), f"between {low} and {high} in 100")
        if limits is not None:
            width = limits.upper - limits.lower
            band = f"left:{limits.lower * 100:.1f}%;width:{width * 100:.1f}%"
            shown = (bar.locator("u").get_attribute("style") or "").replace(" ", "").rstrip(";")
            done.same("item", "band", shown, band)
        if event.verdict in (Verdict.LIKELY_MANIPULATED, Verdict.SOME_EVIDENCE):
            between = "" if low == high else f" (between {low} and {high})"
            words = f"about {value}{between} would be manipulated, if {prior} in 100 of all such files were."
            done.same("item", "likelihood", words if words in text else text, words)
    done.explained("item", text, " ".join(str(one) for one in said))


def _detector_row(result: DetectorResult) -> tuple[str, ...]:
    parts = [wording.DETECTOR_STATUS_WORDS[result.status], "untrained weights" if result.untrained else ""]
    return (
        result.name,
        "no" if result.status is DetectorStatus.NOT_APPLICABLE else "yes",
        " · ".join(part for part in (*parts, result.detail or "") if part),
        "–" if result.raw is None else f"{result.raw:.2f}",
        "–" if result.calibrated is None else f"about {wording.out_of_100(result.calibrated)} in 100",
        "–" if result.weight is None else f"{result.weight:.2g}",
        "–" if result.ms is None else spoken_ms(result.ms),
        result.version or "–",
    )


def _note(result: DetectorResult) -> str:
    if result.untrained:
        return "untrained"
    if result.calibrated is not None:
        return f"{wording.out_of_100(result.calibrated)} in 100"
    return wording.DETECTOR_STATUS_WORDS[result.status].lower() if result.raw is None else "raw score only"


def _compare_people(done: Compared, page: Page, event: MediaVerdict) -> None:
    is_video = event.media.kind is MediaKind.VIDEO
    if event.tracks:
        page.locator(".tt-person").nth(len(event.tracks) - 1).wait_for()
    shown = page.locator(".tt-person > p > .tt-quiet").all_text_contents()
    done.same("item", "people", shown, [_person(track, is_video=is_video) for track in event.tracks])
    crops = [one for track in event.tracks for side in (True, False) for one in _side(track, side)]
    shown = page.locator(".tt-crops figcaption").all_text_contents()
    done.same("item", "crops", shown, [f"{wording.out_of_100(one.probability)} in 100" for one in crops])
    if not is_video or not event.tracks:
        return
    _compare_table(done, "tracks", page, "Every person that was followed", map(_track_row, event.tracks))
    scored = [(one, one.confidence) for one in event.segments if one.confidence is not None]
    odds = [
        f"{one.model}, {wording.clock(one.start)}: about {wording.out_of_100(value)} in 100" for one, value in scored
    ]
    points = sorted(odds)
    if points:
        page.locator(".tt-timeline svg").wait_for()
    titles = page.locator(".tt-timeline svg title").all_text_contents()
    done.same("item", "timeline", sorted(one for one in titles if not one.startswith("not scored")), points)


def _person(track: TrackVerdict, *, is_video: bool) -> str:
    odds = track.probability
    parts = [_range_words(wording.out_of_100(odds.low), wording.out_of_100(odds.high))] if odds else []
    parts += [f"{wording.clock(track.start)}–{wording.clock(track.end)}"] if is_video else []
    parts += [f"{track.face_frames} frames"] if track.face_frames and is_video else []
    parts += [f"face {track.face_height_px:.0f} px high"] if track.face_height_px else []
    return " · ".join(parts)


def _side(track: TrackVerdict, side: bool) -> list[Any]:
    return [one for one in track.evidence if one.incriminating is side][:6]


def _track_row(track: TrackVerdict) -> tuple[str, ...]:
    odds = track.probability
    return (
        f"Person {track.id + 1}",
        wording.VERDICT_WORDS[track.verdict].word,
        _range_words(wording.out_of_100(odds.low), wording.out_of_100(odds.high)) if odds else "–",
        wording.clock(track.start),
        wording.clock(track.end),
        "–" if track.face_frames is None else str(track.face_frames),
        "–" if track.face_height_px is None else f"{track.face_height_px:.0f} px",
    )


def _compare_file(done: Compared, page: Page, item: Mapping[str, Any]) -> None:
    media, uploaded = item["media"], item["uploaded"]
    facts = dict(one.split("\n", 1) for one in page.locator(".tt-facts p").evaluate_all(_LINES))
    expected = {
        "Resolution": f"{media['width_px']} × {media['height_px']} px" if media["width_px"] else None,
        "Duration": wording.clock(media["duration_s"]) if media["duration_s"] else None,
        "Frame rate": f"{media['frame_rate']:.4g} per second" if media["frame_rate"] else None,
        "Rotation": f"{media['rotation_degrees']}°" if media["rotation_degrees"] else None,
        "Size": spoken_bytes(uploaded["size_bytes"]),
        "SHA-256": media["sha256"],
        "Item": item["summary"]["media_id"],
    }
    for name, value in expected.items():
        done.same("item", name, facts.get(name), value)


# A hidden tab has no inner text, so the line break is put in by hand.
_LINES = "all => all.map(one => [one.querySelector('span').textContent, one.lastChild.textContent].join('\\n'))"


def _history_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    odds = one["probability"]
    span = _range_words(wording.out_of_100(odds["low"]), wording.out_of_100(odds["high"])) if odds else "–"
    return (
        wording.LIFECYCLE_WORDS[one["lifecycle"]],
        wording.VERDICT_WORDS[one["verdict"]].word,
        span,
        one["policy_version"],
    )


def _compare_table(done: Compared, what: str, page: Page, caption: str, rows: Iterator[tuple[str, ...]]) -> None:
    done.same("item", what, _rows(page, caption), list(rows))


def _rows(page: Page, caption: str) -> list[tuple[str, ...]]:
    table = page.locator("table.tt-table", has=page.locator("caption", has_text=caption)).first
    cells = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    return [tuple(row) for row in table.locator("tbody tr").evaluate_all(cells)]


def compare_pipeline_page(page: Page, told: Mapping[str, Any], counts: Mapping[str, int]) -> Compared:
    """Each tile, today's items and their times against ``/v1/pipeline``."""
    done = Compared()
    names = page.locator(".tt-tile h4").all_text_contents()
    done.same("pipeline", "processes", names, [one["process"] for one in told["processes"]])
    for tile, one in zip(page.locator(".tt-tile").all(), told["processes"], strict=False):
        memory = one["memory_mib"]
        expected = [
            drawings.number(one["per_minute"]),
            drawings.seconds(one["p50_s"]),
            drawings.seconds(one["p95_s"]),
            drawings.number(one["waiting"], digits=0),
            drawings.number(one["parked"], digits=0),
            "–" if memory is None else f"{memory:,.0f} MiB",
        ]
        done.same("pipeline", one["process"], tile.locator("dd").all_text_contents(), expected)
    shown = dict(zip(*(page.locator(f".tt-numbers {part}").all_text_contents() for part in ("span", "b")), strict=True))
    done.same("pipeline", "arrived", shown.get("arrived"), f"{sum(counts.values()):,}")
    for name, words in (("provisional_s", "first look"), ("final_s", "final")):
        at = f"arrival to {words}, median, 15 min"
        done.same("pipeline", at, shown.get(at), drawings.seconds(told["arrival_to"][name]))
    mix = {TAB_WORDS[Tab(tab)]: f"{count:,}" for tab, count in counts.items() if count}
    done.same("pipeline", "outcomes", {row[0]: row[1] for row in _rows(page, "What was said of today's items")}, mix)
    return done


def compare_queues_page(page: Page, told: Mapping[str, Any], _: Mapping[str, int]) -> Compared:
    """What waits in each queue, and how many letters are open, against the API."""
    done, letters = Compared(), told["open_dead_letters"]
    rows = [(one["group"], one["topic"], f"{one['waiting']:,.0f}") for one in told["queues"]]
    done.same("queues", "waiting", _rows(page, "Queues"), rows)
    found = page.get_by_text(re.compile(r"\d found, the newest"))
    words = found.text_content() if found.count() else None
    done.same("queues", "letters", words, f"{letters:,} found, the newest {letters} shown." if letters else None)
    return done
