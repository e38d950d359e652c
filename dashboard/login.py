"""Whoever has opened a page in; the principal that they are out, or a door that says how to come in."""

import time

import streamlit as st
from sqlalchemy import Engine

from contracts.settings import DashboardSettings
from dashboard.access import KeyStore, NotAuthenticated, Principal, local_operator
from dashboard.front_door import is_loopback
from dashboard.roles_of_logins import principal_of, rules_of

_KEY = "presented_key"


def principal_here(settings: DashboardSettings, engine: Engine) -> Principal:
    """Who looks at this page; asked anew at every look, so that a revoked key lets nobody in any more.

    Raises:
        NotAuthenticated: nobody known.
    """
    if settings.login_file is not None:
        if not st.user.get("is_logged_in"):
            raise NotAuthenticated("Sign in to go on.")
        return principal_of(st.user.to_dict(), rules_of(settings.login_roles), now_s=time.time())
    presented = st.session_state.get(_KEY)
    if presented is None and is_loopback(st.get_option("server.address")):
        return local_operator()
    if presented is None:
        raise NotAuthenticated("Give your key to go on.")
    return KeyStore(engine).authenticate(str(presented))


def draw_door(settings: DashboardSettings, why: NotAuthenticated) -> None:
    """What somebody sees who is not known yet: why, and the way in."""
    st.title("Telltale")
    st.write(str(why))
    if settings.login_file is None:
        # The field's own state is dropped with the page; only what was sent is kept, in this server's memory.
        with st.form("door", border=False):
            given = st.text_input("Key", type="password", placeholder="telltale_…", autocomplete="off")
            if st.form_submit_button("Go on", type="primary"):
                st.session_state[_KEY] = given.strip()
                st.rerun()
    elif st.user.get("is_logged_in"):
        st.button("Sign out", on_click=st.logout)
    else:
        st.button("Sign in", type="primary", on_click=st.login)


def draw_way_out(settings: DashboardSettings, somebody: Principal) -> None:
    """Who is here and, where they came in through a door, the way out."""
    if settings.login_file is None and _KEY not in st.session_state:
        return
    with st.sidebar:
        st.caption(f"{somebody.name} · {somebody.role.value}")
        if st.button("Sign out"):
            st.session_state.pop(_KEY, None)
            if settings.login_file is not None:
                st.logout()
            st.rerun()
