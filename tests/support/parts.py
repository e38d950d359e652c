"""A marker in; why the part behind it is missing on this machine out, or nothing where it is there."""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.support.postgres_server import programs

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
KAFKA_LIBS = Path(os.environ.get("TELLTALE_KAFKA_LIBS") or CACHE / "kafka" / "libs")
VERSITYGW = Path(os.environ.get("VERSITYGW") or CACHE / "bin" / "versitygw")
AXE = CACHE / "axe"
MEDIA = ROOT.parent / "shared" / "media"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _kafka() -> str | None:
    if shutil.which("java") is None:
        return "no Java on PATH"
    if not KAFKA_LIBS.is_dir() and shutil.which("mvn") is None:
        return "no Kafka jars and no Maven on PATH to fetch them"
    return None


def _s3() -> str | None:
    return None if VERSITYGW.is_file() else "no versitygw; `make s3-server` installs it, VERSITYGW may name one"


def _browser() -> str | None:
    return None if any(map(shutil.which, BROWSERS)) else f"none of {', '.join(BROWSERS)} on PATH"


def _postgres() -> str | None:
    return None if programs() else "no PostgreSQL; `make postgres` installs it"


def _axe() -> str | None:
    return None if any(AXE.glob("*.js")) else "no axe-core; `make axe` fetches it with npm"


def _media() -> str | None:
    return None if MEDIA.is_dir() else "no development clips in ../shared/media"


def _gpu() -> str | None:
    import torch

    return None if torch.cuda.is_available() else "no CUDA device"


PARTS: dict[str, Callable[[], str | None]] = {
    "kafka": cache(_kafka),
    "s3": cache(_s3),
    "browser": cache(_browser),
    "postgres": cache(_postgres),
    "axe": cache(_axe),
    "media": cache(_media),
    "gpu": cache(_gpu),
}


def is_required(part: str) -> bool:
    """Whether this machine was promised to have the part, so that a test without it is a failure."""
    return os.environ.get(f"REQUIRE_{part.upper()}") == "1"
