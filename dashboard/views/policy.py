"""The calibrations in force and finished verdicts in; what other thresholds or another prior would change, out."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

import altair
import pandas
import streamlit as st

import detectors
from contracts.vocabulary import Verdict
from dashboard import card_tables, reviews
from dashboard.look import BLUE, GREY, asset
from dashboard.models.calibrations import CalibrationFacts, Worth, calibrations
from dashboard.models.policy_trial import Numbers, Trial, mistakes, numbers_in_use, trial
from dashboard.models.recent_verdicts import volume
from dashboard.operations import drawings
from dashboard.session import calm, engine, settings
from dashboard.views.latest_verdicts import latest_verdicts
from dashboard.wording import VERDICT_WORDS, counted

_SIZES = (100, 250, 500, 1000)
_LINKED = 20
_USUAL_PRIOR = 0.5


@calm
def draw() -> None:
    """The whole page."""
    st.title("Calibration and policy")
    st.html(
        '<p class="tt-prose">A calibration turns raw scores into probabilities; the policy turns probabilities into '
        "words. Here you see both as they are in force, and try out what other numbers would have said. Nothing on "
        "this page changes a verdict or a setting.</p>"
    )
    _in_force()
    _simulation()


@calm
def _in_force() -> None:
    st.subheader("Calibrations in force")
    weights = settings().home.expanduser().absolute() / "weights"
    found = calibrations(settings().detector_names, weights)
    now = datetime.now(UTC)
    st.html(
        card_tables.labelled(_IN_FORCE, [_row(one, now) for one in found], caption="The detectors of this deployment")
    )
    for one in found:
        if one.has_expired(now):
            st.warning(f"**{one.detector}**: its calibration has expired. {one.origin}", icon=":material/event:")
        st.html(f'<p class="tt-prose"><b>{escape(one.detector)}</b>: {escape(one.origin)} {_chosen_on(one)}</p>')
        for on in dict.fromkeys(worth.on for worth in one.worth):
            rows = [_worth_row(worth) for worth in one.worth if worth.on == on]
            st.html(card_tables.labelled(_WORTH, rows, caption=f"{one.detector}, measured on {on}"))
    st.html(
        '<p class="tt-quiet">Always saying one half has a LogLoss of 0.693. A new calibration is fitted by '
        "<code>telltale calibrate</code>.</p>"
    )


_IN_FORCE = ("Detector", "Method", "Items", "Fitted", "To be renewed", "Thresholds")
_WORTH = ("Figure", "Before calibration", "After", "95 % interval")


def _row(one: CalibrationFacts, now: datetime) -> tuple[str, ...]:
    if one.fitted_at is None or one.expires_at is None:
        return (one.detector, "not calibrated: shown, no say", "–", "–", "–", "–")
    expiry = f"{one.expires_at:%Y-%m-%d}" + (" – expired" if one.has_expired(now) else "")
    limits = "{:g} and {:g}".format(*one.thresholds) if one.thresholds else "those of the policy"
    return (one.detector, one.method, one.balance, f"{one.fitted_at:%Y-%m-%d}", expiry, limits)


def _chosen_on(one: CalibrationFacts) -> str:
    fitted = f"Fitted on {escape(one.fitted_on)}. " if one.fitted_on else ""
    return fitted + (f"Thresholds: {escape(one.chosen_by)}." if one.chosen_by else "")


def _worth_row(worth: Worth) -> tuple[str, ...]:
    before = "–" if worth.before is None else f"{worth.before:.3f}"
    interval = "–" if worth.limits is None else "{:.3f} to {:.3f}".format(*worth.limits)
    return (worth.name, before, f"{worth.after:.3f}", interval)


@calm
def _simulation() -> None:
    st.subheader("Try other numbers")
    st.html(
        '<p class="tt-prose">Each item is decided again by the code of the aggregator. Poor pictures, few frames and '
        "missing parts withhold a call as they did; a contradiction of detectors is decided anew.</p>"
    )
    size = st.selectbox("Latest finished items", _SIZES, index=1)
    verdicts = latest_verdicts(size)
    in_use = numbers_in_use(verdicts)
    if in_use is None:
        st.html(
            '<div class="tt-empty"><p><b>No verdict with a probability yet.</b></p><p>Thresholds are tried out on '
            "finished items. Send some files, then come back.</p></div>"
        )
        return
    numbers = _chosen(in_use)
    if numbers.lower > numbers.upper:
        st.warning("The lower threshold lies above the upper one: choose them in order.", icon=":material/swap_vert:")
        return
    found = trial(verdicts, numbers, may_call_alone=_may_call_alone)
    _left_out(found)
    if found.items:
        _told(found, numbers, in_use)


def _chosen(in_use: Numbers) -> Numbers:
    lower, upper, prior = st.columns(3)
    chosen = (
        lower.number_input("Lower threshold", 0.0, 1.0, in_use.lower, 0.01, format="%.3f", help=_LOWER),
        upper.number_input("Upper threshold", 0.0, 1.0, in_use.upper, 0.01, format="%.3f", help=_UPPER),
        prior.number_input("Prior", 0.001, 0.999, in_use.prior, 0.01, format="%.3f", help=_PRIOR),
    )
    # Steps add up to numbers such as 0.8300000000000001, which nobody wants in a setting.
    return Numbers(**dict(zip(("lower", "upper", "prior"), (round(one, 6) for one in chosen), strict=True)))


_LOWER = "Where the whole range lies at or under it, nothing was found. It acts as the prior where it is higher."
_UPPER = "Where the whole range lies at or over it, the item is called likely manipulated."
_PRIOR = "The share of manipulated files that is expected. One half states the weight of the evidence alone."


def _may_call_alone(name: str) -> bool:
    return name in detectors.names() and detectors.card(name).spec.may_call_alone


def _left_out(found: Trial) -> None:
    told = [
        (found.other_policy, "judged by another policy version, whose rule is not known here; left out"),
        (found.not_reproduced, "whose word their recorded numbers do not give; left out"),
        (found.other_numbers, "judged under other thresholds or another prior than the newest; they take part"),
        (found.not_reencoded, "withheld because mild re-encoding changed the word; that test is not made again"),
    ]
    lines = "".join(f"<li>{counted(number, 'item')} {words}</li>" for number, words in told if number)
    if lines:
        st.html(f'<ul class="tt-prose tt-lines">{lines}</ul>')


def _told(found: Trial, numbers: Numbers, in_use: Numbers) -> None:
    _figures(found)
    st.altair_chart(_bars(found), width="stretch")
    st.html(card_tables.labelled(_MIX, _mix(found), caption=f"{counted(found.items, 'item')}, now and as tried"))
    _moves(found)
    _reviewed(found)
    _setting_lines(numbers, in_use)


_MIX = ("Word", "Now", "Share", "As tried", "Share", "Difference")


def _figures(found: Trial) -> None:
    day = volume(engine(), now_s=time.time())
    calls = [_per_day(words, found.items, day.per_day) for words in (found.now, found.tried)]
    changed = len(found.moved)
    st.html(f"<style>{asset('operations.css')}</style>")
    st.html(
        drawings.numbers(
            [
                ("items would be called otherwise", f"{changed:,} of {found.items:,}"),
                ("calls a day now", f"{calls[0]:.1f}"),
                ("calls a day as tried", f"{calls[1]:.1f}"),
                (f"files a day, over {day.days:.1f} days", f"{day.per_day:.1f}"),
            ]
        )
    )


def _per_day(words: Mapping[Verdict, int], items: int, per_day: float) -> float:
    return words.get(Verdict.LIKELY_MANIPULATED, 0) / items * per_day


def _mix(found: Trial) -> list[tuple[str, ...]]:
    rows = []
    for verdict in VERDICT_WORDS:
        now, tried = found.now.get(verdict, 0), found.tried.get(verdict, 0)
        shares = (f"{now / found.items:.1%}", f"{tried / found.items:.1%}")
        difference = f"{tried - now:+d}" if tried != now else "–"
        rows.append((VERDICT_WORDS[verdict].word, f"{now:,}", shares[0], f"{tried:,}", shares[1], difference))
    return rows


def _bars(found: Trial) -> altair.Chart:
    rows = [
        {"word": VERDICT_WORDS[verdict].word, "share": words.get(verdict, 0) / found.items, "policy": side}
        for side, words in (("now", found.now), ("as tried", found.tried))
        for verdict in VERDICT_WORDS
    ]
    order = [words.word for words in VERDICT_WORDS.values()]
    colours = altair.Scale(domain=["now", "as tried"], range=[GREY, BLUE])
    chart = altair.Chart(pandas.DataFrame(rows), title="Share of items by word", height=190)
    return chart.mark_bar().encode(
        x=altair.X("word:N", title="", sort=order, axis=altair.Axis(labelAngle=0)),
        xOffset=altair.XOffset("policy:N", sort=["now", "as tried"]),
        y=altair.Y("share:Q", title="share of items", axis=altair.Axis(format=".0%")),
        color=altair.Color("policy:N", scale=colours, title=""),
        tooltip=["word", "policy", altair.Tooltip("share", format=".1%")],
    )


def _moves(found: Trial) -> None:
    if not found.moved:
        st.html('<p class="tt-prose">No item would be called otherwise.</p>')
        return
    after = [verdict for verdict in VERDICT_WORDS if any(verdict is move.after for move in found.moved)]
    before = [verdict for verdict in VERDICT_WORDS if any(verdict is move.before for move in found.moved)]
    head = ("From \\ to", *(VERDICT_WORDS[verdict].word for verdict in after))
    rows = [
        (VERDICT_WORDS[one].word, *(f"{number:,}" if (number := found.moves.get((one, to))) else "–" for to in after))
        for one in before
    ]
    st.html(card_tables.labelled(head, rows, caption="Items that would be called otherwise"))
    shown = found.moved[:_LINKED]
    links = "".join(
        f'<li><a href="./?item={escape(move.media_id)}" target="_self">{escape(move.name)}</a>: '
        f"{VERDICT_WORDS[move.before].word} → {VERDICT_WORDS[move.after].word}</li>"
        for move in shown
    )
    more = f" (the newest {_LINKED} of {len(found.moved):,})" if len(found.moved) > _LINKED else ""
    st.html(f'<p class="tt-quiet">Look at them{more}:</p><ul class="tt-lines">{links}</ul>')


def _reviewed(found: Trial) -> None:
    told = mistakes(found, reviews.reviewed_among(engine(), list(found.words)))
    if told is None:
        st.html(
            '<p class="tt-prose">Nobody has confirmed any of these items as manipulated or authentic, so nothing is '
            "known of wrong calls. Labels come from the review form of an item.</p>"
        )
        return
    rows = [
        ("Genuine, called likely manipulated", f"{told.genuine:,}", *(f"{number:,}" for number in told.false_alarms)),
        ("Manipulated, nothing found", f"{told.manipulated:,}", *(f"{number:,}" for number in told.missed)),
    ]
    head = ("Wrong by what people found", "Reviewed", "Wrong now", "Wrong as tried")
    st.html(card_tables.labelled(head, rows, caption="Reviewed items among these; they were not chosen at random"))


def _setting_lines(numbers: Numbers, in_use: Numbers) -> None:
    st.subheader("Make it real")
    if numbers == in_use:
        st.html('<p class="tt-prose">These are the numbers in use. Change one to see its setting here.</p>')
        return
    lines = [f"TELLTALE_LOWER_THRESHOLD={numbers.lower!r}", f"TELLTALE_UPPER_THRESHOLD={numbers.upper!r}"]
    if numbers.prior != _USUAL_PRIOR:
        lines.append(f"TELLTALE_PRIOR={numbers.prior!r}")
    st.code("\n".join(lines), language=None)
    st.html(
        '<p class="tt-prose">Set these for the stages detect and aggregate (or for <code>telltale up</code>) and start '
        "them anew; they then stand in place of the thresholds on the cards. Verdicts will name the policy "
        f"<code>{escape(_version(numbers))}</code>, so old and new ones can be told apart. It applies to new items "
        "only. To judge an earlier file by it, submit it once more under another name; "
        "<code>telltale scan FILE</code> with the same settings shows the answer without keeping it.</p>"
    )


def _version(numbers: Numbers) -> str:
    return numbers.rule.policy_version
