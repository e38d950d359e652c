"""The tables of webhooks, beside the read model: who wants to be told, what they were told, and every try."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table, Text

from dashboard.read_tables import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    # It signs, so it has to be kept as it is: whoever reads the database can sign in our name.
    Column("secret", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("lifecycles", Text, nullable=False),
    Column("verdicts", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at_s", Double, nullable=False),
    Column("reached", BigInteger, nullable=False),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", String(64), primary_key=True),
    Column("webhook_id", String(32), nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at_s", Double),
    Column("created_at_s", Double, nullable=False),
    Column("finished_at_s", Double),
    Column("last_status", Integer),
    Column("last_detail", Text),
)
Index("webhook_deliveries_due", deliveries.c.state, deliveries.c.next_try_at_s)
Index("webhook_deliveries_by_webhook", deliveries.c.webhook_id, deliveries.c.created_at_s, deliveries.c.delivery_id)
Index("webhook_deliveries_by_state", deliveries.c.webhook_id, deliveries.c.state, deliveries.c.created_at_s)

tries = Table(
    "webhook_tries",
    metadata,
    Column("delivery_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at_s", Double, nullable=False),
    Column("elapsed_ms", Double, nullable=False),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
)

# One row: the process that delivers now, until when. Another one may take over when that has passed.
lease = Table(
    "webhook_lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until_s", Double, nullable=False),
)
