"""The read model in, its latest finished verdicts out, newest first."""

from sqlalchemy import Engine, select

from contracts.messages import MediaVerdict
from contracts.vocabulary import Lifecycle
from dashboard.read_tables import documents, items

_FINISHED = (Lifecycle.FINAL.value, Lifecycle.SUPERSEDED.value)


def recent_verdicts(engine: Engine, *, most: int) -> list[MediaVerdict]:
    """The verdicts of the items that arrived last and are finished."""
    wanted = (
        select(documents.c.verdict)
        .join(items, items.c.media_id == documents.c.media_id)
        .where(items.c.lifecycle.in_(_FINISHED), documents.c.verdict.is_not(None))
        .order_by(items.c.arrived_at_s.desc(), items.c.media_id)
        .limit(most)
    )
    with engine.connect() as connection:
        return [MediaVerdict.model_validate_json(text) for text in connection.scalars(wanted)]
