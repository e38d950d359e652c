"""What a reader can ask of the items: words, filters and an order; no database is touched here."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.vocabulary import MediaKind
from dashboard.projection import Tab


class Order(StrEnum):
    """How the inbox is sorted."""

    NEWEST = "newest"
    OLDEST = "oldest"
    STRONGEST = "strongest"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the inbox is to show; what is not given excludes nothing.

    Args:
        tab: the pile.
        text: parts of the key, or beginnings of an id or SHA-256; all of its words have to fit.
        kind: only such media.
        since_s: arrived at or after this time, in seconds since 1970.
        before_s: arrived before this time.
        source: a bucket, or the beginning of a key.
        detector: one that gave a number for the item.
        reviewed: whether anybody reviewed it.
        reviewer: somebody who reviewed it.
        until_change: hides items that came after this change.
        order: how they are sorted.
    """

    tab: Tab | None = None
    text: str = ""
    kind: MediaKind | None = None
    since_s: float | None = None
    before_s: float | None = None
    source: str = ""
    detector: str = ""
    reviewed: bool | None = None
    reviewer: str = ""
    order: Order = Order.NEWEST
    until_change: int | None = None

    @property
    def has_dates(self) -> bool:
        return self.since_s is not None or self.before_s is not None

    @property
    def is_beyond_dates(self) -> bool:
        """Whether more is asked than tab, kind and dates."""
        return bool(self.text.split() or self.source or self.detector or self.reviewer) or self.reviewed is not None

    @property
    def is_filtered(self) -> bool:
        """Whether more is asked than the tab."""
        return bool(self.kind) or self.has_dates or self.is_beyond_dates
