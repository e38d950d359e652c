"""Builders of final verdict events and dead letters, for whatever shows or counts them."""

from contracts.messages import DeadLetter, MediaVerdict, Problem
from contracts.vocabulary import Lifecycle, Reason, Stage
from stream_processors.judgement import judge
from tests.support.cases import MEDIA_ID, NOON, a_member, a_score, an_extraction


def a_verdict(
    *,
    raw: float | None = 0.99,
    reason: Reason | None = None,
    media_id: str = MEDIA_ID,
    lifecycle: Lifecycle = Lifecycle.FINAL,
    untrained: str | None = None,
) -> MediaVerdict:
    """The verdict on a video whose every frame scored ``raw``; ``raw=None``: on one in which nothing was scored.

    ``untrained`` names a detector that scored beside on untrained weights.
    """
    problems = [Problem(reason=reason, detail="Measured so.")] if reason else []
    if raw is None:
        extracted, scores = an_extraction(batches={}, tracks=(), problems=problems, media_id=media_id), []
    else:
        extracted = an_extraction(problems=problems, media_id=media_id)
        scores = [a_score([raw] * 20, media_id=media_id)]
    members = [a_member()]
    if untrained is not None:
        scores.append(a_score([0.5] * 20, detector=untrained, media_id=media_id, untrained=True))
        members.append(a_member(untrained, calibrated=False))
    return judge(extracted, scores, members=members, seq=1, lifecycle=lifecycle, now=NOON)


def a_dead_letter(*, media_id: str = MEDIA_ID, stage: Stage = Stage.EXTRACT) -> DeadLetter:
    return DeadLetter(
        media_id=media_id,
        dead_letter_id="d1",
        stage=stage,
        reason="decoder_killed",
        detail="the decoder took more memory than it may",
        topic="media.uploaded.v1",
        partition=0,
        offset=7,
    )
