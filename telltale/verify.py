"""``telltale verify``: items in; what holds, what changed and what can no longer be checked out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from dashboard.custody import anchors
from dashboard.custody.checks import (
    ChainReport,
    Finding,
    Item,
    State,
    chain_report,
    crop_findings,
    media_finding,
    record_findings,
)
from dashboard.custody.tables import audit_chain
from telltale.custody_parts import NOTHING_TO_CHECK, Parts, item_asked
from telltale.errors import CommandFailed
from telltale.terminal import out, say, say_json

OK, BROKEN, NOT_CHECKABLE = 0, 1, NOTHING_TO_CHECK
MOST_FLAWS_SHOWN = 20
_STYLES = {State.HOLDS: "green", State.EXPLAINED: "dim", State.UNCHECKABLE: "yellow", State.BROKEN: "bold red"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed; ``copies`` are anchor files that were kept elsewhere."""

    home: Path
    item: str | None = None
    everything: bool = False
    rejudge: bool = False
    bucket: str | None = None
    copies: tuple[Path, ...] = ()
    as_json: bool = False


def run(wish: Wish) -> int:
    """Check the whole chain, and then one item or all of them; the exit status of the command.

    Raises:
        CommandFailed: neither an item nor ``--all`` was asked for, or what was asked for is not known.
    """
    if (wish.item is None) != wish.everything:
        raise CommandFailed("Name one item, or give --all.", exit_code=NOT_CHECKABLE)
    parts = Parts.of(wish.home, wish.bucket)
    try:
        with parts.engine.connect() as connection:
            return _verified(connection, parts, wish)
    except DatabaseError as why:
        # A file that was changed by hand may be no database any more; that is an answer, and not a fault of ours.
        _tell_all(wish, [Finding("read model", State.BROKEN, f"The database cannot be read: {why.orig}.")])
        return BROKEN
    finally:
        parts.engine.dispose()


def _verified(connection: Connection, parts: Parts, wish: Wish) -> int:
    asked = None if wish.item is None else item_asked(connection, wish.item)
    report = chain_report(connection, _anchors(parts, wish.copies), anchors.key_from(parts.settings.audit_key))
    _tell_chain(report, wish, asked)
    worst = BROKEN if report.flaws else OK
    if not report.records:
        worst = NOT_CHECKABLE
    media_ids = [asked] if asked else _every_item(connection)
    for media_id in media_ids:
        findings = list(_findings(connection, parts, media_id, rejudge=wish.rejudge))
        _tell_all(wish, findings, media_id)
        worst = _worse(worst, _status_of(findings))
    return worst


def _anchors(parts: Parts, copies: Iterable[Path]) -> Iterator[anchors.Anchor]:
    own = parts.settings.home / anchors.FILE
    for file in (own, *copies):
        if file is not own and not file.is_file():
            raise CommandFailed(f"There is no file {file}.", exit_code=NOT_CHECKABLE)
        try:
            yield from anchors.anchors_in(file)
        except anchors.NotAnAnchor as why:
            raise CommandFailed(f"{file}: {why}; anchors cannot be checked with it.") from why


def _every_item(connection: Connection) -> list[str]:
    asked = select(audit_chain.c.subject).where(audit_chain.c.kind == "arrived").order_by(audit_chain.c.number)
    return list(connection.scalars(asked))


def _findings(connection: Connection, parts: Parts, media_id: str, *, rejudge: bool) -> Iterator[Finding]:
    item = Item.of(connection, media_id)
    yield from record_findings(item)
    if item.documents.uploaded is None:
        return
    yield media_finding(item, parts.bucket)
    yield from crop_findings(item, parts.work)
    if item.documents.verdict is not None:
        from telltale.verify_means import means_findings

        yield from means_findings(item.documents.verdict, parts.weights)
    if rejudge:
        from telltale.verify_rejudge import rejudge_finding

        yield rejudge_finding(item, parts)


def _status_of(findings: Iterable[Finding]) -> int:
    states = {finding.state for finding in findings}
    if State.BROKEN in states:
        return BROKEN
    return NOT_CHECKABLE if State.UNCHECKABLE in states else OK


def _worse(one: int, other: int) -> int:
    return BROKEN if BROKEN in (one, other) else max(one, other)


def _tell_chain(report: ChainReport, wish: Wish, asked: str | None) -> None:
    if wish.as_json:
        flaws = [{"record": flaw.number, "item": flaw.subject, "what": flaw.what} for flaw in report.flaws]
        counts = {"records": report.records, "erased": report.erased, "anchors": report.anchors}
        say_json({"chain": "broken" if flaws else "holds", **counts, "flaws": flaws})
        return
    if not report.records:
        say("Nothing has been recorded in this read model yet.")
        return
    for flaw in report.flaws[:MOST_FLAWS_SHOWN]:
        mine = " (of this item)" if asked and flaw.subject == asked else ""
        out.print(f"broken       chain, record {flaw.number}{mine}: {flaw.what}", markup=False, style="bold red")
    if len(report.flaws) > MOST_FLAWS_SHOWN:
        say(f"{len(report.flaws) - MOST_FLAWS_SHOWN} more flaws; --json names all.")
    if not report.flaws:
        held = f"{report.records} records, {report.anchors} anchors, {report.erased} bodies left with deleted items"
        out.print(f"holds        chain: {held}", markup=False, style="green")


def _tell_all(wish: Wish, findings: Iterable[Finding], media_id: str | None = None) -> None:
    for finding in findings:
        if wish.as_json:
            say_json({"item": media_id, "what": finding.what, "state": finding.state.value, "detail": finding.detail})
        elif not wish.everything or finding.state in (State.BROKEN, State.UNCHECKABLE):
            where = f"{media_id} " if wish.everything and media_id else ""
            line = f"{finding.state.value:12} {where}{finding.what}: {finding.detail}"
            out.print(line, markup=False, style=_STYLES[finding.state], soft_wrap=True)
