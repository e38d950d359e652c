"""What every process says of itself in; the stages side by side, today's items and their times, live, out."""

import time
from datetime import datetime

import streamlit as st

from dashboard import card_tables
from dashboard.inbox_list import TAB_WORDS
from dashboard.item_queries import heartbeat_age_s
from dashboard.look import asset
from dashboard.operations import drawings
from dashboard.operations.item_numbers import ItemNumbers, item_numbers
from dashboard.operations.samples import Samples
from dashboard.operations.stage_tiles import Health, Tile, stage_of, tiles_of
from dashboard.operations.waits import median_waits
from dashboard.session import calm, engine, reader_zone
from dashboard.views.freshness import data_as_of

LOOK_EVERY_S = 5
_WAIT_WORDS = {"provisional": "arrival to first look, median", "final": "arrival to final, median"}


@calm
def draw() -> None:
    """The whole page."""
    st.title("Pipeline")
    st.html(f"<style>{asset('operations.css')}</style>")
    _live()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _live() -> None:
    now_s, samples = time.time(), Samples(engine())
    tiles = tiles_of(samples, now_s=now_s)
    if not tiles:
        _nothing_yet()
        return
    data_as_of(max((tile.looked_at_s or 0.0 for tile in tiles), default=None), now_s=now_s)
    st.html(drawings.strip(tiles))
    _trouble(tiles)
    _items(samples, now_s)
    with st.expander("The same as a table"):
        head = ("Process", "State", *(name for name, _ in drawings.facts_of(tiles[0])))
        rows = [(tile.process, tile.health.value, *(value for _, value in drawings.facts_of(tile))) for tile in tiles]
        st.html(card_tables.labelled(head, rows, caption="Over the last 15 minutes"))


def _nothing_yet() -> None:
    st.html(
        '<div class="tt-empty"><p><b>No process has been looked at yet.</b></p><p>The projector reads the metrics '
        "pages that TELLTALE_METRICS_TARGETS names; <code>telltale up</code> sets it. "
        "Verdicts are not affected.</p></div>"
    )


def _trouble(tiles: list[Tile]) -> None:
    for tile in tiles:
        if tile.health is Health.STOPPED_ITSELF:
            st.warning(
                f"**{tile.process}** has stopped itself because it parked too many messages. Nothing is lost: what "
                "waits stays in Kafka. Look at the dead letters, then: "
                f"`telltale dead-letters resume {stage_of(tile.process)}`",
                icon=":material/pause_circle:",
            )
        elif tile.health is Health.SILENT:
            st.error(
                f"**{tile.process}** does not answer. Items wait until it is back; `telltale status` tells what it "
                "said last and where its log is.",
                icon=":material/report:",
            )


def _items(samples: Samples, now_s: float) -> None:
    today = datetime.now(reader_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    found = item_numbers(engine(), since_s=today.timestamp())
    st.subheader("Items today")
    st.html(drawings.numbers([("arrived", f"{found.arrived:,}"), *_waits(samples, now_s), *_oldest(found, now_s)]))
    mix = [(TAB_WORDS[tab], f"{count:,}") for tab, count in found.by_tab.items() if count]
    if mix:
        st.html(card_tables.labelled(("Outcome", "Items"), mix, caption="What was said of today's items"))
    age_s = heartbeat_age_s(engine())
    if age_s is None or age_s > LOOK_EVERY_S * 3:
        st.warning("The projector is behind or down, so these counts are the last known ones.")


def _waits(samples: Samples, now_s: float) -> list[tuple[str, str]]:
    medians = median_waits(samples, now_s=now_s)
    return [(f"{_WAIT_WORDS[name]}, 15 min", drawings.seconds(median)) for name, median in medians.items()]


def _oldest(found: ItemNumbers, now_s: float) -> list[tuple[str, str]]:
    if found.oldest_waiting is None:
        return [("waits longest", "nothing waits")]
    name, _, since_s = found.oldest_waiting
    return [(f"waits longest: {name}", drawings.seconds(now_s - since_s))]
