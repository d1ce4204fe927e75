"""Who is at the keyboard: a name in the corner of every page, remembered by the browser."""

from collections.abc import Sequence
from urllib.parse import quote, unquote

import streamlit as st

from core.services import Store, accounts
from workbench.components.text import plain

COOKIE = "spotter_user"

# The corner of Streamlit's header, beside the navigation, so that no page gives room to it.
STYLE = """
<style>
  .st-key-sign-in { position: fixed; top: .55rem; right: 1rem; width: auto; z-index: 999991; }
  .st-key-sign-in button { min-height: 2rem; max-width: 12rem; overflow: hidden; white-space: nowrap; }
  .st-key-remember-user { display: none; }
  /* The navigation ends before the name, and puts what has no room into a menu. */
  [data-testid=stHeader] { padding-right: 8rem; }
  @media (max-width: 900px) {
    [data-testid=stTopNavLink] > span:has([data-testid=stIconMaterial]) { display: none; }
  }
  [data-testid=stMainBlockContainer] { padding-top: 4.5rem; padding-bottom: 3rem; }
</style>
"""
REMEMBER = """
export default function ({ data }) {
  document.cookie = `${data.name}=${data.value}; path=/; max-age=31536000; SameSite=Strict`;
}
"""
_remember = st.components.v2.component("spotter.remember_user", js=REMEMBER)


def draw(store: Store) -> None:
    """Draw the person's name with a way to change it. There is no password: only this machine is answered.

    The name is the one in the address (``?user=``), else that of the session, else the one the browser
    remembers, else the first there is. Where a name was asked for that nobody has, a toast says who is signed in.
    """
    names = [person["name"] for person in accounts.everyone(store)]
    remembered = unquote(st.context.cookies.get(COOKIE, ""))
    wanted = st.query_params.get("user", st.session_state.get("user", remembered))
    name = find(names, wanted) or names[0]
    if wanted and name != wanted:
        _say_who(wanted, name)
    st.html(STYLE)
    with st.container(key="sign-in"), st.popover(plain(name), icon=":material/person:"):
        chosen = st.radio("Signed in as", names, index=names.index(name), format_func=plain)
        st.caption("Every answer, view and change is kept under this name.")
        new = st.text_input("Somebody else", placeholder="Name", key="new_person", max_chars=60)
        role = st.selectbox("Role", accounts.ROLES, key="new_role")
        if st.button("Add and sign in", disabled=not new.strip()):
            _sign_in(accounts.add(store, new, role, by=name))
        if chosen != name:
            _sign_in(str(chosen))
    st.session_state["user"] = name
    with st.container(key="remember-user"):
        _remember(key="remembered_user", data={"name": COOKIE, "value": quote(name)})


def find(names: Sequence[str], wanted: str) -> str | None:
    """The name that is meant: the same one, else the first that differs in case only."""
    if wanted in names:
        return wanted
    return next((name for name in names if name.casefold() == wanted.casefold()), None)


def _say_who(wanted: str, name: str) -> None:
    if name.casefold() != wanted.casefold():
        st.toast(
            f"Nobody called “{plain(wanted[:60])}” signs in here. You are signed in as “{plain(name)}”.",
            icon=":material/person_alert:",
        )
    if "user" in st.query_params:
        st.query_params["user"] = name


def _sign_in(name: str) -> None:
    st.session_state["user"] = name
    if "user" in st.query_params:
        st.query_params["user"] = name
    st.rerun()
