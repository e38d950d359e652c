"""The environment in; what every page shares out: settings, read model, both buckets, and calm when one fails."""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import NotNow
from contracts.settings import DashboardSettings
from dashboard.access import AccessDenied, Principal, Role, require
from dashboard.login import principal_here
from dashboard.read_model import open_engine, url_of
from ingest.object_store import ObjectStore, open_store
from ingest.redaction import redacted

FIRST_PAGE = "first_page"
COMPARE_PAGE = "compare_page"
_log = structlog.get_logger()


def settings() -> DashboardSettings:
    """The settings of this server."""
    return DashboardSettings()


def engine() -> Engine:
    """The read model, for whoever may look at it; one for all sessions. Raises ``AccessDenied``."""
    require(principal(), Role.VIEWER)
    return _engine(url_of(settings()))


def watched_bucket() -> ObjectStore:
    """The bucket that uploads go into. Raises ``AccessDenied``."""
    require(principal(), Role.VIEWER)
    return _store(settings().bucket)


def work_bucket() -> ObjectStore:
    """The bucket with the crop bundles. Raises ``AccessDenied``."""
    require(principal(), Role.VIEWER)
    return _store(settings().work_bucket)


def principal() -> Principal:
    """Who looks at this page. Raises ``NotAuthenticated``."""
    return principal_here(settings(), _engine(url_of(settings())))


def media_cache() -> Path:
    """Where copies of media from a remote bucket are kept for the player."""
    return settings().home / "media-cache"


@st.cache_resource
def _engine(url: str) -> Engine:
    return open_engine(url)


@st.cache_resource
def _store(url: str) -> ObjectStore:
    return open_store(url)


def reader_zone() -> tzinfo:
    """The time zone of whoever looks at the page."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def calm(draw: Callable[..., None]) -> Callable[..., None]:
    """Let a failing part of a page say so in words; the trace is there for whoever opens it."""

    @functools.wraps(draw)
    def drawn(*args: Any, **named: Any) -> None:
        try:
            draw(*args, **named)
        except AccessDenied as why:
            st.warning(str(why), icon=":material/lock:")
        except (NotNow, SQLAlchemyError) as why:
            _apologise(why, "The data cannot be reached now. What was shown before still holds; this page tries again.")
        except Exception as why:  # noqa: BLE001 - the top of a page: a reader must never meet a bare trace
            _log.exception("page_failed", part=draw.__name__)
            _apologise(why, "This part of the page could not be drawn. Verdicts are not affected. Reload the page.")

    return drawn


def _apologise(why: Exception, words: str) -> None:
    st.warning(words, icon=":material/report:")
    with st.expander("Details for the operator"):
        st.code(redacted(f"{type(why).__name__}: {why}"), language=None, wrap_lines=True)


def address_value(name: str, default: str = "") -> str:
    """A value from the page's address."""
    return st.query_params.get(name, default)


def set_address_value(name: str, value: str) -> None:
    """Put a value into the page's address; an empty one takes it out."""
    set_address_values({name: value})


def set_address_values(values: Mapping[str, str]) -> None:
    """Change several values of the page's address in one step, which one step back undoes."""
    before = st.query_params.to_dict()
    after = {name: value for name, value in {**before, **values}.items() if value}
    if after != before:
        st.query_params.from_dict(after)
