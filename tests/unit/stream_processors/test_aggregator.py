"""Items open, get first looks, end with exactly one final verdict and are forgotten, in every order of messages."""

import itertools
from collections.abc import Sequence

import pytest

from contracts.messages import DetectorScore, MediaExtracted, MediaVerdict, Message, Problem, ReminderDue
from contracts.vocabulary import DetectorStatus, Lifecycle, Reason, Verdict
from ingest.publisher import Outgoing
from stream_processors.aggregator import Aggregator
from stream_processors.item_state import Clockwork
from stream_processors.policy import Policy
from tests.support.cases import MEDIA_ID, NOON, a_member, a_score, an_extraction

START_S = 1_000.0


class Desk:
    """An aggregator on plain dictionaries, its clock in hand, its verdicts collected."""

    def __init__(self) -> None:
        self.items: dict[bytes, bytes] = {}
        self.parts: dict[bytes, bytes] = {}
        self.verdicts: list[MediaVerdict] = []
        self.now_s = START_S
        self.restart()

    def restart(self) -> None:
        """A new worker on the recovered tables."""
        self.aggregator = Aggregator(
            items=self.items,
            parts=self.parts,
            send=self._send,
            members=[a_member("alpha"), a_member("beta")],
            clockwork=Clockwork(deadline_s=600.0, grace_s=3600.0, provisional_interval_s=2.0, started_s=self.now_s),
            policy=Policy(bootstrap_rounds=20),
            clock=lambda: self.now_s,
        )

    async def _send(self, outgoing: Sequence[Outgoing]) -> None:
        for one in outgoing:
            assert isinstance(one.message, MediaVerdict)
            self.verdicts.append(one.message)

    async def learn(self, *messages: Message) -> None:
        for message in messages:
            await self.aggregator.learn(message, partition=1, trace={"traceparent": "00-ab"})

    def wait(self, seconds: float) -> None:
        """Time goes by, in which the aggregator looks at its items now and then."""
        for _ in range(int(seconds / 30.0)):
            self.now_s += 30.0
            self.aggregator.reminders({1})
        self.now_s += seconds % 30.0

    async def tick(self) -> None:
        """What the timer and the agent do together."""
        for reminder in self.aggregator.reminders({1}):
            await self.learn(reminder.message)

    @property
    def words(self) -> list[Lifecycle]:
        return [verdict.lifecycle for verdict in self.verdicts]


def two_chunks() -> tuple[list[MediaExtracted], list[DetectorScore]]:
    extractions = [
        an_extraction(batches={"alpha": 1, "beta": 1}, chunks=1, complete=False),
        an_extraction(batches={"alpha": 2, "beta": 1}, chunks=2),
    ]
    scores = [
        a_score([0.98] * 10, chunk=0),
        a_score([0.98] * 10, chunk=1, start_s=10.0),
        a_score([0.97] * 10, chunk=0, detector="beta"),
    ]
    return extractions, scores


async def test_an_item_ends_when_every_announced_batch_is_answered():
    desk = Desk()
    extractions, scores = two_chunks()
    await desk.learn(extractions[0], scores[0], extractions[1], scores[1])
    assert desk.words == [Lifecycle.PROVISIONAL]
    await desk.learn(scores[2])
    assert desk.words == [Lifecycle.PROVISIONAL, Lifecycle.FINAL]
    assert [verdict.seq for verdict in desk.verdicts] == [1, 2]
    assert desk.verdicts[-1].verdict is Verdict.LIKELY_MANIPULATED


async def test_every_order_with_repetitions_gives_one_final_verdict_that_says_the_same():
    extractions, scores = two_chunks()
    finals = set()
    for order in itertools.islice(itertools.permutations([*extractions, *scores]), 0, None, 7):
        desk = Desk()
        await desk.learn(*order, *order)
        last = [verdict for verdict in desk.verdicts if verdict.lifecycle is Lifecycle.FINAL]
        assert len(last) == 1
        finals.add((last[0].verdict, last[0].probability))
    assert len(finals) == 1


async def test_first_looks_keep_their_distance_and_catch_up_by_the_clock():
    desk = Desk()
    extraction = an_extraction(batches={"alpha": 9}, chunks=9)
    await desk.learn(extraction, a_score([0.5] * 9, chunk=0))
    desk.now_s += 1.0
    await desk.learn(a_score([0.5] * 9, chunk=1))
    assert desk.words == [Lifecycle.PROVISIONAL]
    desk.now_s += 1.5
    await desk.tick()
    assert desk.words == [Lifecycle.PROVISIONAL] * 2
    await desk.tick()
    assert len(desk.verdicts) == 2  # nothing new since


async def test_an_item_that_cannot_be_assessed_ends_at_once():
    desk = Desk()
    no_face = Problem(reason=Reason.NO_FACE, detail="no face in 32 sampled frames")
    await desk.learn(an_extraction(batches={"alpha": 0, "beta": 0}, tracks=(), problems=[no_face]))
    assert desk.words == [Lifecycle.FINAL]
    assert desk.verdicts[0].verdict is Verdict.NOT_ASSESSED
    assert desk.verdicts[0].reasons == (Reason.NO_FACE,)


async def test_the_deadline_names_what_is_missing():
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": 1, "beta": 1}), a_score([0.98] * 20))
    desk.wait(599.0)
    await desk.tick()
    assert Lifecycle.FINAL not in desk.words
    desk.now_s += 1.0
    await desk.tick()
    assert desk.words[-1] is Lifecycle.FINAL
    assert desk.verdicts[-1].ensemble.missing == ("beta",)
    assert Reason.TIMEOUT in desk.verdicts[-1].reasons
    await desk.learn(a_score([0.98] * 20, detector="beta"))
    assert desk.words.count(Lifecycle.FINAL) == 1


async def test_news_moves_the_deadline():
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": 2, "beta": 1}, chunks=2))
    desk.wait(500.0)
    await desk.learn(a_score([0.98] * 20))
    desk.wait(500.0)
    await desk.tick()
    assert Lifecycle.FINAL not in desk.words


async def test_time_in_which_no_aggregator_ran_counts_for_no_deadline():
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": 1}))
    desk.now_s += 10_000.0
    desk.restart()
    await desk.tick()
    assert desk.verdicts == []
    await desk.learn(a_score([0.98] * 20))
    assert desk.words == [Lifecycle.FINAL]


@pytest.mark.parametrize("jump_s", [7200.0, -7200.0])
async def test_neither_a_sleep_nor_a_clock_that_is_set_ends_an_item_or_keeps_it_open(jump_s):
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": 1, "beta": 1}), a_score([0.98] * 20))
    desk.now_s += jump_s
    await desk.learn(ReminderDue(media_id=MEDIA_ID, due_at=NOON))
    await desk.tick()
    desk.wait(570.0)
    await desk.tick()
    assert Lifecycle.FINAL not in desk.words
    desk.wait(30.0)
    await desk.tick()
    assert desk.words[-1] is Lifecycle.FINAL
    assert desk.verdicts[-1].ensemble.missing == ("beta",)


async def test_a_state_from_a_clock_that_is_ahead_does_not_wait_for_it():
    ahead, desk = Desk(), Desk()
    ahead.now_s += 7200.0
    await ahead.learn(an_extraction(batches={"alpha": 1, "beta": 1}), a_score([0.98] * 20))
    desk.items |= ahead.items
    desk.parts |= ahead.parts
    desk.wait(600.0)
    await desk.tick()
    assert desk.words == [Lifecycle.FINAL]


async def test_an_item_that_was_given_up_is_known_from_then_on():
    desk = Desk()
    extractions, scores = two_chunks()
    await desk.learn(*extractions, *scores[:2])
    desk.aggregator.give_up(MEDIA_ID, partition=1)
    said = list(desk.verdicts)
    await desk.learn(*extractions, *scores, ReminderDue(media_id=MEDIA_ID, due_at=NOON))
    assert desk.verdicts == said
    assert desk.parts == {}
    desk.wait(3600.0)
    await desk.tick()
    assert desk.items == {}


async def test_a_finished_item_shrinks_at_once_and_is_forgotten_after_the_grace_time():
    desk = Desk()
    extractions, scores = two_chunks()
    await desk.learn(*extractions, *scores)
    assert desk.parts == {}
    assert len(desk.items[MEDIA_ID.encode()]) < 200
    desk.wait(3599.0)
    await desk.tick()
    assert len(desk.items) == 1
    desk.now_s += 1.0
    await desk.tick()
    assert desk.items == {}
    assert desk.words.count(Lifecycle.FINAL) == 1


async def test_a_recovered_table_prevents_a_second_final_verdict():
    desk = Desk()
    extractions, scores = two_chunks()
    await desk.learn(*extractions, *scores)
    desk.restart()
    await desk.learn(*extractions, *scores)
    assert desk.words.count(Lifecycle.FINAL) == 1


async def test_a_crash_between_verdict_and_table_repeats_the_same_event():
    desk = Desk()
    extractions, scores = two_chunks()
    await desk.learn(*extractions, *scores[:2])
    before = dict(desk.items), dict(desk.parts)
    await desk.learn(scores[2])
    desk.items, desk.parts = before
    desk.restart()
    await desk.learn(scores[2])
    finals = [verdict.event_id for verdict in desk.verdicts if verdict.lifecycle is Lifecycle.FINAL]
    assert len(finals) == 2
    assert len(set(finals)) == 1


async def test_left_over_answers_about_a_forgotten_item_are_dropped():
    desk = Desk()
    await desk.learn(a_score([0.5] * 5), a_score(detector="beta", status=DetectorStatus.FAILED))
    assert desk.verdicts == []
    desk.wait(600.0)
    await desk.tick()
    assert desk.items == {}
    assert desk.parts == {}
    assert desk.verdicts == []


async def test_reminders_are_sent_for_our_partitions_only_and_open_nothing():
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": 1}))
    desk.wait(600.0)
    assert desk.aggregator.reminders({0, 2}) == []
    (reminder,) = desk.aggregator.reminders({1})
    assert reminder.headers == {"traceparent": "00-ab"}
    fresh = Desk()
    await fresh.learn(ReminderDue(media_id=MEDIA_ID, due_at=NOON))
    assert fresh.items == {}


@pytest.mark.parametrize("chunks", [1, 300])
async def test_the_record_of_an_item_does_not_grow_with_its_length(chunks):
    desk = Desk()
    await desk.learn(an_extraction(batches={"alpha": chunks + 1}, chunks=chunks, complete=False))
    for chunk in range(chunks):
        await desk.learn(a_score([0.5] * 4, chunk=chunk))
    assert len(desk.items[MEDIA_ID.encode()]) < 400
    assert len(desk.parts) == chunks + 1
