"""``telltale delete``: one item in; nothing of it left but one record that it was deleted, and why, out."""

from dataclasses import dataclass
from pathlib import Path

from contracts.errors import NotNow
from dashboard.custody.anchors import UnusableKey
from dashboard.custody.deletion import Places, Plan, plan_of
from dashboard.custody.requested_deletion import carry_out
from ingest.kafka_login import KafkaAddress
from telltale.custody_parts import Parts, item_asked
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of
from telltale.terminal import out, say, say_json


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed."""

    home: Path
    item: str
    because: str
    media: bool = False
    dry_run: bool = False
    bucket: str | None = None
    as_json: bool = False


def run(wish: Wish) -> None:
    """Delete one item everywhere; the same command again does the rest of one that broke off.

    Raises:
        CommandFailed: no item is meant, no reason is given, or a store is away.
    """
    if not wish.because.strip():
        raise CommandFailed("Say why with --because; it is all that stays of the item, so name nobody.", exit_code=2)
    parts = Parts.of(wish.home, wish.bucket)
    places = Places(engine=parts.engine, bucket=parts.bucket, work=parts.work, home=parts.settings.home)
    try:
        with parts.engine.connect() as connection:
            media_id = item_asked(connection, wish.item)
        plan = plan_of(places, media_id)
        _tell_plan(plan, wish)
        if not wish.dry_run:
            _delete(parts, places, plan, wish)
    except NotNow as why:
        sentence = f"The deletion is not complete: {why}. What is gone stays gone; run the same command again."
        raise CommandFailed(sentence) from why
    finally:
        parts.engine.dispose()


def _delete(parts: Parts, places: Places, plan: Plan, wish: Wish) -> None:
    try:
        done = carry_out(
            places,
            plan,
            because=wish.because,
            media_too=wish.media,
            kafka=lambda: _kafka_of(places.home),
            audit_key=parts.settings.audit_key,
        )
    except UnusableKey as why:
        raise CommandFailed(f"Nothing was deleted: {why}") from why
    if wish.as_json:
        told = {"item": done.media_id, "deleted": True, "record": done.record, "topics": done.topics.value}
        say_json({**told, "left": list(done.left)})
        return
    out.print(f"Deleted {done.media_id}; record {done.record} of the audit chain says so.", markup=False)
    for sentence in done.left:
        say(sentence)


def _kafka_of(home: Path) -> KafkaAddress:
    try:
        return kafka_of(home)
    except CommandFailed as why:
        raise NotNow(str(why)) from why


def _tell_plan(plan: Plan, wish: Wish) -> None:
    rows = {name: number for name, number in plan.rows.items() if number}
    if wish.as_json:
        told = {"crops": len(plan.crops), "cached": len(plan.cached), "media": plan.media is not None, "rows": rows}
        say_json({"item": plan.media_id, "dry_run": wish.dry_run, **told})
        return
    verb = "Would delete" if wish.dry_run else "Deleting"
    counted = ", ".join(f"{number} of {name}" for name, number in rows.items()) or "none"
    out.print(f"{verb} {plan.media_id}", markup=False)
    out.print(f"  work bucket  {len(plan.crops)} objects", markup=False)
    out.print(f"  rows         {counted}", markup=False, soft_wrap=True)
    there = "not there, or another version" if plan.media is None else "deleted" if wish.media else "kept (--media)"
    out.print(f"  the object   {there}", markup=False)
