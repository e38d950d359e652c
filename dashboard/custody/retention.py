"""What lies in the work bucket and how old it is in; what may go, and as which class of data, out. Pure decisions."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.custody.settings import CustodySettings
from ingest.object_store import StoredObject

# As long as topics keep the messages that point at bundles and markers; younger ones may still be asked for.
TOPICS_KEEP = timedelta(days=4)
# Heat maps of evidence crops lie beside the bundles; their names begin so.
HEAT_MAP = "heat-"
_OURS = re.compile(r"crops/(?P<media_id>[0-9a-f]{32})/(?P<name>[^/]+)")


class Class(StrEnum):
    """A class of data with a time of its own."""

    BUNDLES = "bundles"
    EVIDENCE = "evidence"
    MARKERS = "markers"
    MEDIA = "media"
    ROWS = "rows"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of the item that something belongs to; ``decided_at`` is ``None`` while it has no final verdict.

    ``evidence`` are the keys of the bundles that its verdict points at.
    """

    decided_at: datetime | None = None
    evidence: frozenset[str] = frozenset()
    is_deleted: bool = False


def owner_of(key: str) -> str | None:
    """The item that an object of the work bucket belongs to; nothing for an object that is not ours.

    >>> owner_of("crops/" + "0" * 32 + "/3.zip") == "0" * 32
    True
    """
    ours = _OURS.fullmatch(key)
    return ours["media_id"] if ours else None


def class_of(key: str, standing: Standing) -> Class:
    """Which class an object of the work bucket belongs to."""
    if _is_heat_map(key):
        return Class.EVIDENCE
    if not key.endswith(".zip"):
        return Class.MARKERS
    return Class.EVIDENCE if key in standing.evidence else Class.BUNDLES


def _is_heat_map(key: str) -> bool:
    return key.rpartition("/")[2].startswith(HEAT_MAP)


def kept_for(what: Class, settings: CustodySettings) -> timedelta | None:
    """How long a class is kept; nothing means for ever."""
    days = getattr(settings, f"keep_{what.value}_days")
    return timedelta(days=days) if days else None


def is_due(found: StoredObject, standing: Standing, settings: CustodySettings, now: datetime) -> bool:
    """Whether an object of the work bucket may go.

    Crops of a deleted item go at once, and its marker stays: it keeps extraction from starting again. Before there is a
    final verdict, and while topics may still point at it, nothing else goes, however short the settings are.
    """
    what = class_of(found.key, standing)
    if standing.is_deleted:
        return what is not Class.MARKERS
    kept = kept_for(what, settings)
    if kept is None:
        return False
    if standing.decided_at is None or what is Class.MARKERS:
        kept = max(kept, TOPICS_KEEP)
    return now - _counted_from(found, standing) >= kept


def _counted_from(found: StoredObject, standing: Standing) -> datetime:
    if standing.decided_at is None:
        return found.modified_at
    # A heat map shows a crop: whoever asks for one late does not prolong what is kept of the face.
    return standing.decided_at if _is_heat_map(found.key) else max(found.modified_at, standing.decided_at)
