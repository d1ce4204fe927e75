"""Who is at the keyboard: a name in the corner of every page, remembered by the browser."""

from urllib.parse import quote, unquote

import streamlit as st

from core.services import Store, accounts

COOKIE = "spotter_user"

# The corner of Streamlit's header, beside the navigation, so that no page gives room to it.
STYLE = """
<style>
  .st-key-sign-in { position: fixed; top: .55rem; right: 1rem; width: auto; z-index: 999991; }
  .st-key-sign-in button { min-height: 2rem; max-width: 12rem; overflow: hidden; white-space: nowrap; }
  .st-key-remember-user { display: none; }
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
    remembers, else the first there is.
    """
    names = [person["name"] for person in accounts.everyone(store)]
    remembered = unquote(st.context.cookies.get(COOKIE, ""))
    wanted = st.query_params.get("user", st.session_state.get("user", remembered))
    name = wanted if wanted in names else names[0]
    st.html(STYLE)
    with st.container(key="sign-in"), st.popover(name, icon=":material/person:"):
        chosen = st.radio("Signed in as", names, index=names.index(name))
        st.caption("Every answer, view and change is kept under this name.")
        new = st.text_input("Somebody else", placeholder="Name", key="new_person", max_chars=60)
        role = st.selectbox("Role", accounts.ROLES, key="new_role")
        if st.button("Add and sign in", disabled=not new.strip()):
            accounts.add(store, new, role, by=name)
            _sign_in(" ".join(new.split()))
        if chosen != name:
            _sign_in(str(chosen))
    st.session_state["user"] = name
    with st.container(key="remember-user"):
        _remember(key="remembered_user", data={"name": COOKIE, "value": quote(name)})


def _sign_in(name: str) -> None:
    st.session_state["user"] = name
    if "user" in st.query_params:
        st.query_params["user"] = name
    st.rerun()
