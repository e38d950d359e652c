"""A file from the browser in, an object in the watched bucket out: the same door as for everybody else."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import Lane
from dashboard.access import Principal, Role, require
from ingest.announcer import BULK, CHOICE
from ingest.object_store import ObjectStore
from ingest.sniffing import SNIFFED_BYTES, sniff_bytes

FOLDER = "uploads"
_ODD = re.compile(r"[^\w .()+-]+")
_LONGEST_NAME = 120
# A watcher leaves such names alone, because programs use them for files they are still writing.
_LOOKS_UNFINISHED = (".part", ".tmp", ".crdownload")


def safe_name(name: str) -> str:
    """A file name without paths, control characters or leading dots that still reads like the one that was given."""
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    plain = _ODD.sub("_", last).strip(" ._-~") or "media"
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = plain, ""
    short = f"{stem[:_LONGEST_NAME]}.{suffix}" if suffix else stem[:_LONGEST_NAME]
    return f"{short}.media" if short.lower().endswith(_LOOKS_UNFINISHED) else short


def key_for(name: str, *, now: datetime, lane: Lane = Lane.INTERACTIVE, detectors: Sequence[str] | None = None) -> str:
    """A key that nobody else has: the name is kept for people, its folder makes it unique.

    Other folders of the key tell ingest the lane and, where not every detector is to be asked, which.
    """
    waits = BULK if lane is Lane.BULK else ""
    choice = f"{CHOICE}{','.join(detectors)}/" if detectors else ""
    return f"{waits}{FOLDER}/{choice}{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}/{safe_name(name)}"


class UploadRefused(ValueError):
    """The file is not put into the bucket; the message says why, for the person who sent it."""


def submit(
    store: ObjectStore,
    name: str,
    data: bytes,
    *,
    now: datetime,
    by: Principal,
    limit_bytes: int,
    lane: Lane = Lane.INTERACTIVE,
    detectors: Sequence[str] | None = None,
) -> str:
    """Put the bytes into the bucket; returns the key under which the pipeline will find them.

    Raises:
        AccessDenied: ``by`` may not submit.
        UploadRefused: it is larger than ``limit_bytes``, or its content is no picture and no video.
        NotNow: the bucket is away.
    """
    require(by, Role.ANALYST)
    if len(data) > limit_bytes:
        raise UploadRefused(f"it is larger than {limit_bytes // 2**20} MB")
    try:
        sniff_bytes(data[:SNIFFED_BYTES])
    except MediaNotAssessable as why:
        raise UploadRefused(why.detail) from why
    key = key_for(name, now=now, lane=lane, detectors=detectors)
    store.write(key, data)
    return key
