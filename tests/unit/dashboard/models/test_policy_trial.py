"""What is tried on kept verdicts is what the aggregator would have said, and unchanged numbers change nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.messages import MediaVerdict, Problem
from contracts.vocabulary import Lifecycle, Reason, Verdict
from dashboard.models.calibrations import calibrations
from dashboard.models.policy_trial import Numbers, decided, mistakes, numbers_in_use, numbers_of, trial
from dashboard.models.recent_verdicts import volume
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.reviews import Outcome
from detectors.decision import FORBID_A_CALL, FORBID_THE_ALL_CLEAR
from stream_processors.judgement import judge
from stream_processors.policy import Policy
from tests.support.cases import NOON, a_member, a_score, an_extraction

# Bootstrapping is not what is tried here.
QUICK = Policy(bootstrap_rounds=20)
MEMBERS = (a_member("alpha", thresholds=(0.3, 0.85)), a_member("beta", weight=0.6, may_call_alone=False))
SCORES = st.lists(st.floats(0.001, 0.999), min_size=5, max_size=12)
REASONS = st.lists(
    st.sampled_from(sorted({*FORBID_A_CALL, *FORBID_THE_ALL_CLEAR} - {Reason.DETECTORS_DISAGREE})), max_size=1
)
PAIRS = st.tuples(st.integers(5, 50), st.integers(50, 98)).map(lambda pair: (pair[0] / 100, pair[1] / 100))


def alone(name: str) -> bool:
    return name == "alpha"


def verdict_on(
    alpha: list[float],
    beta: list[float] | None = None,
    *,
    reasons: list[Reason] | None = None,
    policy: Policy = QUICK,
    media_id: str = "0" * 32,
) -> MediaVerdict:
    problems = [Problem(reason=reason, detail="Measured so.") for reason in reasons or ()]
    scores = [a_score(alpha, media_id=media_id), *([a_score(beta, detector="beta", media_id=media_id)] if beta else [])]
    extracted = an_extraction(
        batches={score.detector: 1 for score in scores}, problems=problems, media_id=media_id, sampled_frames=12
    )
    members = MEMBERS if beta else MEMBERS[:1]
    return judge(extracted, scores, members=members, policy=policy, seq=1, lifecycle=Lifecycle.FINAL, now=NOON)


@settings(max_examples=150, deadline=None)
@given(alpha=SCORES, beta=st.none() | SCORES, reasons=REASONS, pair=PAIRS)
def test_other_thresholds_give_the_word_that_the_aggregator_would_have_given(alpha, beta, reasons, pair):
    kept = verdict_on(alpha, beta, reasons=reasons)
    assert decided(kept, numbers_of(kept), may_call_alone=alone) is kept.verdict, "unchanged"
    numbers = Numbers(prior=0.5, lower=pair[0], upper=pair[1])
    policy = replace(Policy.chosen(thresholds=pair), bootstrap_rounds=20)
    real = verdict_on(alpha, beta, reasons=reasons, policy=policy)
    tried = decided(kept, numbers, may_call_alone=alone)
    withheld = Reason.TOO_FEW_FACE_FRAMES in kept.reasons or Reason.PARTIAL_RESULTS in kept.reasons
    assert tried is real.verdict or (withheld and tried is Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("prior", [0.01, 0.2, 0.9])
@pytest.mark.parametrize("level", [0.02, 0.3, 0.6, 0.9, 0.98])
def test_another_prior_gives_the_word_that_the_aggregator_would_have_given(prior: float, level: float):
    kept, pair = verdict_on([level] * 12), (0.3, 0.85)
    policy = replace(Policy.chosen(prior=prior, thresholds=pair), bootstrap_rounds=20)
    real = verdict_on([level] * 12, policy=policy)
    assert decided(kept, Numbers(prior=prior, lower=0.3, upper=0.85), may_call_alone=alone) is real.verdict


def some_verdicts() -> list[MediaVerdict]:
    levels = (0.001, 0.05, 0.2, 0.5, 0.7, 0.93, 0.999)
    return [verdict_on([level] * 12, media_id=f"{number:032x}") for number, level in enumerate(levels)]


def test_the_unchanged_policy_gives_the_kept_mix_and_moves_nothing():
    verdicts = [*some_verdicts(), verdict_on([0.9] * 3, media_id="f" * 32)]
    assert {one.verdict for one in verdicts} >= {
        Verdict.LIKELY_MANIPULATED, Verdict.SOME_EVIDENCE, Verdict.NO_EVIDENCE_FOUND, Verdict.INCONCLUSIVE,
    }  # fmt: skip
    for numbers in (None, numbers_in_use(verdicts)):
        found = trial(verdicts, numbers, may_call_alone=alone)
        assert found.now == found.tried
        assert sum(found.now.values()) == found.items == len(verdicts)
        assert (found.moved, found.other_policy, found.not_reproduced, found.other_numbers) == ((), 0, 0, 0)


def test_moves_add_up_and_name_their_items():
    found = trial(some_verdicts(), Numbers(prior=0.5, lower=0.02, upper=0.5), may_call_alone=alone)
    assert found.moved
    assert sum(found.moves.values()) == len(found.moved)
    for word in Verdict:
        gone = sum(number for (before, _), number in found.moves.items() if before is word)
        come = sum(number for (_, after), number in found.moves.items() if after is word)
        assert found.now.get(word, 0) - gone + come == found.tried.get(word, 0)
    assert all(move.name == "clip.mp4" for move in found.moved)


def test_what_cannot_be_decided_again_is_left_out_and_counted():
    ours, *others = some_verdicts()
    older = others[0].model_copy(update={"policy_version": "evidence-desk.1"})
    odd = others[1].model_copy(update={"verdict": Verdict.LIKELY_MANIPULATED, "thresholds": None})
    wrong = others[4].model_copy(update={"verdict": Verdict.NO_EVIDENCE_FOUND})
    lax = replace(Policy.chosen(thresholds=(0.1, 0.95)), bootstrap_rounds=20)
    elsewhere = verdict_on([0.9] * 12, policy=lax, media_id="f" * 32)
    found = trial([ours, older, odd, wrong, elsewhere], None, may_call_alone=alone)
    assert (found.other_policy, found.not_reproduced, found.other_numbers) == (1, 1, 1)
    assert found.items == 3


def test_items_without_a_number_keep_their_word():
    empty = judge(an_extraction(batches={}, tracks=()), [], members=MEMBERS, seq=1, lifecycle=Lifecycle.FINAL)
    found = trial([empty], Numbers(prior=0.1, lower=0.0, upper=0.1), may_call_alone=alone)
    assert found.tried == {Verdict.NOT_ASSESSED: 1}


def test_mistakes_are_counted_on_what_people_found():
    verdicts = some_verdicts()
    found = trial(verdicts, Numbers(prior=0.5, lower=0.01, upper=0.6), may_call_alone=alone)
    first, last = verdicts[0].media_id, verdicts[5].media_id
    told = mistakes(found, {first: Outcome.MANIPULATED, last: Outcome.MISLEADING, "unknown": Outcome.AUTHENTIC})
    assert told is not None
    assert (told.genuine, told.manipulated) == (1, 1)
    assert told.missed == (1, int(found.words[first][1] is Verdict.NO_EVIDENCE_FOUND))
    assert told.false_alarms == (int(verdicts[5].verdict is Verdict.LIKELY_MANIPULATED), 1)
    assert mistakes(found, {first: Outcome.CANNOT_TELL}) is None


def test_files_a_day_are_counted_over_the_last_week_and_over_a_day_at_least(tmp_path: Path):
    engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    now_s = NOON.timestamp() + 3600
    assert volume(engine, now_s=now_s).per_day == 0.0
    ReadModelWriter(engine).apply(some_verdicts())
    assert volume(engine, now_s=now_s).per_day == 7.0, "an hour does not stand for a day"
    assert volume(engine, now_s=NOON.timestamp() + 2 * 86_400).per_day == 3.5
    assert volume(engine, now_s=NOON.timestamp() + 8 * 86_400).files == 0


def test_a_calibration_is_told_with_its_figures_and_its_day(tmp_path: Path):
    ours, without = calibrations(("telltale", "srm", "nobody"), tmp_path)
    assert ours.is_calibrated
    assert ours.expires_at is not None
    assert ours.has_expired(ours.expires_at + timedelta(seconds=1))
    assert not ours.has_expired(datetime(2026, 11, 22, tzinfo=UTC))
    assert {worth.name for worth in ours.worth} >= {"LogLoss", "Brier score"}
    assert all(worth.before is not None for worth in ours.worth)
    assert not without.is_calibrated
