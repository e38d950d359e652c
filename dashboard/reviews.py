"""What people say of an item in; kept beside the verdict, which it never changes, and labels for evaluation out."""

import hashlib
import secrets
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, RowMapping, and_, func, insert, select

from dashboard.access import Principal, Role, require
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import record, writing
from dashboard.read_tables import items, reviews

LONGEST_NOTE = 4_000
_PAGE = 1_000


class Outcome(StrEnum):
    """What a person concluded; only a person may say that media is authentic, and only with a basis."""

    MANIPULATED = "confirmed_manipulated"
    AUTHENTIC = "confirmed_authentic"
    CANNOT_TELL = "cannot_tell"
    MISLEADING = "misleading_unaltered"


class Basis(StrEnum):
    """What a conclusion rests on beside the look of the media."""

    SOURCE_CONTACTED = "source_contacted"
    ORIGINAL_OBTAINED = "original_obtained"
    REVERSE_SEARCH = "reverse_search"
    VISUAL_TRACES = "visual_traces"
    OTHER = "other"


OUTCOME_WORDS = {
    Outcome.MANIPULATED: "Confirmed manipulated",
    Outcome.AUTHENTIC: "Confirmed authentic, with a basis",
    Outcome.CANNOT_TELL: "Cannot tell",
    Outcome.MISLEADING: "Misleading but unaltered",
}
BASIS_WORDS = {
    Basis.SOURCE_CONTACTED: "Source contacted",
    Basis.ORIGINAL_OBTAINED: "Original obtained",
    Basis.REVERSE_SEARCH: "Found by reverse search",
    Basis.VISUAL_TRACES: "Traces seen in the picture",
    Basis.OTHER: "Other (say in the note)",
}
# Labels as ``telltale evaluate`` reads them; what a person could not tell is no label.
_LABELS = {Outcome.MANIPULATED: "fake", Outcome.AUTHENTIC: "real", Outcome.MISLEADING: "real"}


class ReviewIncomplete(ValueError):
    """The review lacks what its outcome needs; the message says what, for the person who wrote it."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One person's conclusion about one item; ``event_id`` is the verdict that stood then, if there was one.

    ``before_verdict`` tells that the person had not been shown the verdict.
    """

    media_id: str
    outcome: Outcome
    reviewer: str
    basis: tuple[Basis, ...] = ()
    note: str = ""
    event_id: str | None = None
    before_verdict: bool = False
    for_evaluation: bool = False
    review_id: str = field(default_factory=lambda: secrets.token_hex(16))
    reviewed_at_s: float = field(default_factory=time.time)


def add(engine: Engine, review: Review, by: Principal) -> None:
    """Keep a review beside all earlier ones.

    Raises:
        AccessDenied: ``by`` may not review.
        ReviewIncomplete: nobody is named, authenticity rests on nothing, or the note is too long.
    """
    require(by, Role.ANALYST)
    _check(review)
    row = {
        "review_id": review.review_id,
        "media_id": review.media_id,
        "event_id": review.event_id,
        "outcome": review.outcome.value,
        "basis": " ".join(review.basis),
        "note": review.note.strip(),
        "reviewer": review.reviewer.strip(),
        "before_verdict": review.before_verdict,
        "for_evaluation": review.for_evaluation,
        "reviewed_at_s": review.reviewed_at_s,
    }
    with writing(engine) as connection:
        connection.execute(insert(reviews).values(**row))
        record(connection, [_fact(row)])


def _fact(row: dict[str, Any]) -> Fact:
    """What the audit chain keeps of a review; of the note its hash alone."""
    body = {name: row[name] for name in ("event_id", "outcome", "basis", "reviewer", "before_verdict")}
    body["note_sha256"] = hashlib.sha256(row["note"].encode()).hexdigest()
    return Fact(kind=Kind.REVIEWED, subject=row["media_id"], event_id=f"reviewed:{row['review_id']}", body=body)


def _check(review: Review) -> None:
    if not review.reviewer.strip():
        raise ReviewIncomplete("Say who reviews: a conclusion without a name cannot be asked about later.")
    if review.outcome is Outcome.AUTHENTIC and not review.basis:
        raise ReviewIncomplete("Say what the authenticity rests on: the look of the media alone cannot show it.")
    if Basis.OTHER in review.basis and not review.note.strip():
        raise ReviewIncomplete("Say in the note what the other basis is.")
    if len(review.note) > LONGEST_NOTE:
        raise ReviewIncomplete(f"The note is longer than {LONGEST_NOTE} letters. Keep the essence of it.")


def reviews_of(engine: Engine, media_id: str) -> list[Review]:
    """Every review of one item, oldest first."""
    asked = select(reviews).where(reviews.c.media_id == media_id)
    with engine.connect() as connection:
        rows = connection.execute(asked.order_by(reviews.c.reviewed_at_s, reviews.c.review_id)).mappings()
        return [_review(row) for row in rows]


def reviewed_among(engine: Engine, media_ids: Collection[str]) -> dict[str, Outcome]:
    """The latest outcome of each of these items that was reviewed."""
    asked = select(reviews.c.media_id, reviews.c.outcome).where(reviews.c.media_id.in_(media_ids))
    with engine.connect() as connection:
        found = connection.execute(asked.order_by(reviews.c.reviewed_at_s, reviews.c.review_id))
        return {media_id: Outcome(outcome) for media_id, outcome in found}


def reviewed_by_tab(engine: Engine) -> dict[str, int]:
    """How many items of each tab anybody has reviewed."""
    one = select(reviews.c.media_id).distinct().subquery()
    asked = select(items.c.tab, func.count()).join(one, items.c.media_id == one.c.media_id).group_by(items.c.tab)
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(asked)}


def reviewers(engine: Engine, *, limit: int) -> list[str]:
    """The names of those who reviewed anything, in the order of the alphabet."""
    asked = select(reviews.c.reviewer).distinct().order_by(reviews.c.reviewer).limit(limit)
    with engine.connect() as connection:
        return list(connection.scalars(asked))


@dataclass(frozen=True, kw_only=True)
class Label:
    """An item with what people concluded of it, as an evaluation can use it."""

    path: str
    label: str
    sha256: str | None
    media_id: str
    reviewer: str
    reviewed_at_s: float
    basis: str
    before_verdict: bool


def has_labels(engine: Engine) -> bool:
    """Whether anybody gave a conclusion that may be used for evaluation."""
    asked = select(reviews.c.review_id).where(reviews.c.for_evaluation, reviews.c.outcome.in_(list(_LABELS))).limit(1)
    with engine.connect() as connection:
        return connection.execute(asked).first() is not None


def labels(engine: Engine) -> Iterator[Label]:
    """The latest conclusion on each item whose reviewer lets it be used for evaluation, in the order of their times.

    Items on which the latest such conclusion is no label (``CANNOT_TELL``) are left out.
    """
    newest = (
        select(reviews.c.media_id, func.max(reviews.c.reviewed_at_s).label("at_s"))
        .where(reviews.c.for_evaluation)
        .group_by(reviews.c.media_id)
        .subquery()
    )
    same = and_(reviews.c.media_id == newest.c.media_id, reviews.c.reviewed_at_s == newest.c.at_s)
    asked = (
        select(reviews, items.c.source_key, items.c.sha256)
        .join(newest, same)
        .join(items, items.c.media_id == reviews.c.media_id)
        .where(reviews.c.for_evaluation)
        .order_by(reviews.c.reviewed_at_s, reviews.c.review_id)
    )
    with engine.connect() as connection:
        for row in connection.execute(asked.execution_options(yield_per=_PAGE)).mappings():
            if Outcome(row["outcome"]) in _LABELS:
                yield _label(row)


def _label(row: RowMapping) -> Label:
    return Label(
        path=row["source_key"],
        label=_LABELS[Outcome(row["outcome"])],
        sha256=row["sha256"],
        media_id=row["media_id"],
        reviewer=row["reviewer"],
        reviewed_at_s=row["reviewed_at_s"],
        basis=row["basis"],
        before_verdict=row["before_verdict"],
    )


def _review(row: RowMapping) -> Review:
    known: dict[str, Any] = {**row, "outcome": Outcome(row["outcome"])}
    known["basis"] = tuple(Basis(word) for word in row["basis"].split())
    return Review(**known)
