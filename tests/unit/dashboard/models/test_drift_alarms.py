"""Alarms hold where scores, abstentions or overturned calls have changed by more than chance, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from contracts.messages import MediaVerdict
from contracts.vocabulary import Verdict
from dashboard.models.drift_alarms import (
    EVERY_DETECTOR,
    FEWEST,
    Alarm,
    alarm_of,
    chance_of_as_many,
    chance_of_rise,
    raised_now,
    stability_index,
)
from dashboard.reviews import Outcome
from tests.support.items import a_result, a_verdict, an_upload

RNG = np.random.default_rng(11)


def verdicts(scores: np.ndarray, words: list[Verdict] | None = None, *, prefix: str = "a") -> list[MediaVerdict]:
    said = words or [Verdict.SOME_EVIDENCE] * len(scores)
    return [
        a_verdict(an_upload(f"{prefix}{at}.mp4"), said[at], detectors=[a_result(calibrated=float(score))])
        for at, score in enumerate(scores)
    ]


def names_of(*args) -> list[tuple[str, Alarm]]:
    return [(one.subject, one.alarm) for one in raised_now(*args)]


@given(new=st.integers(0, 40), more=st.integers(0, 40), old=st.integers(0, 40), others=st.integers(0, 40))
def test_the_chance_of_a_rise_is_fishers(new: int, more: int, old: int, others: int):
    expected = float(np.asarray(fisher_exact([[new, more], [old, others]], alternative="greater"))[1])
    assert chance_of_rise(new, new + more, old, old + others) == pytest.approx(expected, abs=1e-9)


@given(hits=st.integers(0, 60), more=st.integers(0, 60), share=st.floats(0.01, 0.99))
def test_the_chance_of_as_many_is_the_binomial_tail(hits: int, more: int, share: float):
    expected = float(binom.sf(hits - 1, hits + more, share))
    assert chance_of_as_many(hits, hits + more, share) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("now", "before"), [(40, 40), (40, 250), (250, 250)])
def test_few_scores_that_are_spread_alike_raise_no_alarm(now: int, before: int):
    def alarm() -> Alarm | None:
        new, old = RNG.beta(2, 5, now), RNG.beta(2, 5, before)
        return alarm_of(new, old, stability_index(new, old))

    assert sum(alarm() is not None for _ in range(40)) <= 3, "about one in a hundred"


def test_scores_that_moved_or_stand_still_raise_and_steady_ones_do_not():
    before = verdicts(RNG.beta(2, 5, 250), prefix="b")
    assert names_of(verdicts(RNG.beta(2, 5, 250)), before, {}) == []
    (moved,) = raised_now(verdicts(RNG.beta(5, 2, 250)), before, {})
    assert (moved.subject, moved.alarm) == ("telltale", Alarm.SHIFTED)
    assert "250 scores now, 250 before" in moved.words
    (alike,) = raised_now(verdicts(np.full(40, 0.5)), before, {})
    assert alike.alarm is Alarm.DEGENERATE
    assert "0.000" in alike.words
    assert names_of(verdicts(np.full(FEWEST - 1, 0.5)), before, {}) == []


def test_more_items_without_a_call_raise_and_a_few_more_do_not():
    scores = RNG.beta(2, 5, 100)

    def with_abstentions(number: int, prefix: str) -> list[MediaVerdict]:
        words = [Verdict.INCONCLUSIVE if at < number else Verdict.SOME_EVIDENCE for at in range(100)]
        return verdicts(scores, words, prefix=prefix)

    (risen,) = raised_now(with_abstentions(40, "n"), with_abstentions(10, "o"), {})
    assert (risen.subject, risen.alarm) == (EVERY_DETECTOR, Alarm.ABSTAINING)
    assert risen.words == "40% now, 10% before"
    assert names_of(with_abstentions(14, "n"), with_abstentions(10, "o"), {}) == []
    assert names_of(with_abstentions(10, "n"), with_abstentions(40, "o"), {}) == [], "a fall is no alarm"


def test_calls_that_people_overturn_raise():
    words = [Verdict.LIKELY_MANIPULATED] * 20 + [Verdict.NO_EVIDENCE_FOUND] * 20 + [Verdict.SOME_EVIDENCE] * 20
    now = verdicts(RNG.beta(2, 5, 60), words)

    def reviewed(wrong: int) -> dict[str, Outcome]:
        right = {one.media_id: Outcome.MANIPULATED for one in now[:20]}
        return right | {one.media_id: Outcome.MISLEADING for one in now[:wrong]} | {now[50].media_id: Outcome.AUTHENTIC}

    (raised,) = raised_now(now, [], reviewed(8))
    assert (raised.subject, raised.alarm) == (EVERY_DETECTOR, Alarm.OVERTURNED)
    assert raised.words == "8 of 20 reviewed calls were wrong"
    assert names_of(now, [], reviewed(2)) == []
    missed = {one.media_id: Outcome.MANIPULATED for one in now[20:40]}
    assert names_of(now, [], missed) == [(EVERY_DETECTOR, Alarm.OVERTURNED)]
    unsure = dict.fromkeys(missed, Outcome.CANNOT_TELL)
    assert names_of(now, [], unsure) == []
    assert names_of(now, [], dict(list(missed.items())[:9])) == [], "too few were reviewed"
