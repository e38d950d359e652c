"""The tables of the audit log, with triggers by which the database itself refuses to change what was written."""

from sqlalchemy import DDL, BigInteger, Column, Index, Integer, String, Table, Text, event

from dashboard.read_tables import metadata

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("event_id", String(128), nullable=False, unique=True),
    Column("recorded_at", String(32), nullable=False),
    Column("body_digest", String(64), nullable=False),
    Column("subject_prev", String(64), nullable=False),
    Column("prev", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)
Index("audit_chain_by_subject", audit_chain.c.subject, audit_chain.c.number)

# What the links say; the only part that goes when an item is deleted.
audit_bodies = Table(
    "audit_bodies",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String(64), nullable=False),
    Column("salt", String(32), nullable=False),
    Column("content", Text, nullable=False),
)
Index("audit_bodies_by_subject", audit_bodies.c.subject)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

# Items that are not to come back, whatever is still on its way about them.
forgotten = Table(
    "forgotten",
    metadata,
    Column("media_id", String(64), primary_key=True),
    Column("why", String(16), nullable=False),
    Column("at", String(32), nullable=False),
)

_NOT_DELETED = (
    "NOT EXISTS (SELECT 1 FROM audit_chain WHERE audit_chain.subject = OLD.subject AND audit_chain.kind = 'deleted') "
    "OR (SELECT kind FROM audit_chain WHERE audit_chain.number = OLD.number) = 'deleted'"
)
_SQLITE = {
    audit_chain: (("UPDATE", ""), ("DELETE", "")),
    audit_bodies: (("UPDATE", ""), ("DELETE", f"WHEN {_NOT_DELETED} ")),
    audit_head: (("UPDATE", "WHEN NEW.number <> OLD.number + 1 "), ("DELETE", "")),
}
_POSTGRES_FUNCTIONS = {
    audit_chain: "",
    audit_bodies: f"IF TG_OP = 'DELETE' AND NOT ({_NOT_DELETED}) THEN RETURN OLD; END IF; ",
    audit_head: "IF TG_OP = 'UPDATE' AND NEW.number = OLD.number + 1 THEN RETURN NEW; END IF; ",
}


def _sqlite_trigger(table: Table, operation: str, condition: str) -> str:
    return (
        f"CREATE TRIGGER {table.name}_refuses_{operation.lower()} BEFORE {operation} ON {table.name} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
    )


def _postgres_triggers(table: Table, exception: str) -> tuple[str, ...]:
    name = table.name
    return (
        f"CREATE OR REPLACE FUNCTION {name}_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {exception}"
        f"RAISE EXCEPTION '{name} is append-only'; END $$",
        f"CREATE TRIGGER {name}_refuses_change BEFORE UPDATE OR DELETE ON {name} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}_refuses()",
        f"CREATE OR REPLACE FUNCTION {name}_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{name} is append-only'; END $$",
        f"CREATE TRIGGER {name}_refuses_truncate BEFORE TRUNCATE ON {name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_stays()",
    )


def _attach(table: Table, statement: str, dialect: str) -> None:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))


for _table, _refusals in _SQLITE.items():
    for _operation, _condition in _refusals:
        _attach(_table, _sqlite_trigger(_table, _operation, _condition), "sqlite")
for _table, _exception in _POSTGRES_FUNCTIONS.items():
    for _statement in _postgres_triggers(_table, _exception):
        _attach(_table, _statement, "postgresql")
