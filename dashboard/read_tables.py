"""The tables of the read model and the indexes that its questions need."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

items = Table(
    "items",
    metadata,
    Column("media_id", String(64), primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("created_change", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("arrived_at_s", Double, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("tab", String(16), nullable=False),
    Column("verdict", String(24)),
    Column("reason", String(32)),
    Column("kind", String(8), nullable=False),
    Column("duration_s", Double),
    Column("sha256", String(64)),
    Column("people", Integer),
    Column("seq", Integer, nullable=False),
    Column("low", Double),
    Column("value", Double),
    Column("high", Double),
    Column("untrained", Boolean, nullable=False),
    Column("detectors_done", Integer, nullable=False),
    Column("detectors_all", Integer, nullable=False),
    Column("thumbnail", Text),
)
# Each list of the inbox reads one of these from one end; the media id makes the order total.
Index("items_by_arrival", items.c.arrived_at_s, items.c.media_id)
Index("items_by_tab_and_arrival", items.c.tab, items.c.arrived_at_s, items.c.media_id)
Index("items_by_value", items.c.value, items.c.media_id)
Index("items_by_tab_and_value", items.c.tab, items.c.value, items.c.media_id)
Index("items_by_kind_and_arrival", items.c.kind, items.c.arrived_at_s, items.c.media_id)
Index("items_by_change", items.c.change)
Index("items_by_creation", items.c.created_change)
Index("items_by_source_key", items.c.source_key)
Index("items_by_sha256", items.c.sha256)
Index("items_by_lifecycle", items.c.lifecycle)
Index("items_by_bucket", items.c.bucket)

# Which detectors gave a number for an item, kept by whoever writes a verdict (see ``scored_by.py``).
item_detectors = Table(
    "item_detectors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("media_id", String(64), primary_key=True),
)
Index("item_detectors_by_item", item_detectors.c.media_id)

documents = Table(
    "documents",
    metadata,
    Column("media_id", String(64), primary_key=True),
    Column("uploaded", Text),
    Column("extracted", Text),
    Column("verdict", Text),
    Column("failure", Text),
)

verdict_events = Table(
    "verdict_events",
    metadata,
    Column("event_id", String(64), primary_key=True),
    Column("media_id", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("verdict", String(24), nullable=False),
    Column("reasons", Text, nullable=False),
    Column("low", Double),
    Column("high", Double),
    Column("policy_version", Text, nullable=False),
    Column("supersedes", String(64)),
    Column("produced_at_s", Double, nullable=False),
    # The number of the change that brought the event: streams and webhooks go on from there.
    Column("change", BigInteger),
    Column("value", Double),
)
Index("verdict_events_by_item", verdict_events.c.media_id, verdict_events.c.seq)
Index("verdict_events_by_change", verdict_events.c.change)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", String(64), primary_key=True),
    Column("media_id", String(64), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("failed_at_s", Double, nullable=False),
    Column("attempts", Integer),
    Column("settled", String(16)),
    Column("settled_because", Text),
    Column("settled_at_s", Double),
)
Index("dead_letters_by_item", dead_letters.c.media_id, dead_letters.c.failed_at_s)
Index("dead_letters_by_time", dead_letters.c.failed_at_s, dead_letters.c.dead_letter_id)
Index("dead_letters_by_settlement", dead_letters.c.settled, dead_letters.c.failed_at_s, dead_letters.c.dead_letter_id)

# How many items there are of each kind, kept by whoever writes or removes a row of ``items`` (see ``tallies.py``): to
# count a hundred thousand rows for every look at a page would take longer than everything else on it.
tallies = Table(
    "tallies",
    metadata,
    Column("tab", String(16), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("lifecycle", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# What people concluded, beside the verdicts and never instead of them; rows are only ever added.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", String(32), primary_key=True),
    Column("media_id", String(64), nullable=False),
    Column("event_id", String(64)),
    Column("outcome", String(24), nullable=False),
    Column("basis", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("before_verdict", Boolean, nullable=False),
    Column("for_evaluation", Boolean, nullable=False),
    Column("reviewed_at_s", Double, nullable=False),
)
Index("reviews_by_item", reviews.c.media_id, reviews.c.reviewed_at_s)
Index("reviews_by_reviewer", reviews.c.reviewer, reviews.c.media_id)

# One row: the number of the last change, raised in the same transaction as the change itself.
sequence = Table("sequence", metadata, Column("id", Integer, primary_key=True), Column("value", BigInteger))

positions = Table(
    "positions",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)

# What the metrics page of a process said (``rows``), or why it did not answer; see ``operations/samples.py``.
process_looks = Table(
    "process_looks",
    metadata,
    Column("process", String(64), primary_key=True),
    Column("at_s", Double, primary_key=True),
    Column("rows", Text),
    Column("why", Text),
)
Index("process_looks_by_time", process_looks.c.at_s)

heartbeats = Table("heartbeats", metadata, Column("name", String(32), primary_key=True), Column("beat_at_s", Double))

# Keys of the API: what a key proves is its secret, of which only the hash is here. A name is free again after a
# revocation, therefore what must be unique is ``name_in_use``, which is empty then.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_in_use", String(200), unique=True),
    Column("role", String(16), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_at_s", Double, nullable=False),
    Column("revoked_at_s", Double),
)
