"""A verdict is judged again by the numbers that it names, and by none where this code does not know them."""

from contracts.vocabulary import Lifecycle
from dashboard.custody.checks import State
from stream_processors.judgement import judge
from stream_processors.policy import Policy
from telltale.verify_rejudge import compared, judged_again
from tests.support.cases import NOON, a_member, a_score, an_extraction


def test_thresholds_and_prior_of_a_deployment_are_those_of_the_second_judgement():
    members, extracted, scores = (a_member(),), an_extraction(), [a_score([0.7] * 20)]
    policy = Policy.chosen(prior=0.1, thresholds=(0.05, 0.15))
    verdict = judge(extracted, scores, members=members, policy=policy, seq=1, lifecycle=Lifecycle.FINAL, now=NOON)
    again = judged_again(verdict, extracted, scores, members)
    assert compared(verdict, extracted, scores, again).state is State.HOLDS
    assert again.event_id == verdict.event_id
    usual = judge(extracted, scores, members=members, seq=1, lifecycle=Lifecycle.FINAL, now=NOON)
    assert compared(verdict, extracted, scores, usual).state is State.BROKEN
