"""The table of the alarms of drift, beside the read model's others."""

from sqlalchemy import Column, Double, Index, String, Table, Text

from dashboard.read_tables import metadata

# One row for each time that an alarm began. ``open_key`` is unique and empty once it has ended, so that two projectors
# cannot begin the same one twice.
drift_alarms = Table(
    "drift_alarms",
    metadata,
    Column("alarm_id", String(32), primary_key=True),
    Column("open_key", String(200), unique=True),
    Column("subject", Text, nullable=False),
    Column("alarm", String(40), nullable=False),
    Column("figures", Text, nullable=False),
    Column("began_at_s", Double, nullable=False),
    Column("seen_at_s", Double, nullable=False),
    Column("ended_at_s", Double),
    Column("acknowledged_by", Text),
    Column("acknowledged_at_s", Double),
    Column("note", Text),
)
Index("drift_alarms_by_time", drift_alarms.c.began_at_s, drift_alarms.c.alarm_id)
