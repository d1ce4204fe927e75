"""Who is at the keyboard: a name and a role, asked once a session and kept in the page's address."""

import streamlit as st

from core.services import Store, accounts


def draw(store: Store) -> None:
    """Draw the person's name in the sidebar, with a way to change it; the first name there is the default.

    There is no password: the workbench answers on this machine only.
    """
    names = [person["name"] for person in accounts.everyone(store)]
    wanted = st.query_params.get("user", st.session_state.get("user"))
    if wanted not in names:
        wanted = names[0]
    with st.sidebar:
        chosen = st.selectbox(
            "Signed in as",
            names,
            index=names.index(wanted),
            help="Every answer and view is kept under this name.",
        )
        with st.popover("Add a person", icon=":material/person_add:", width="stretch"):
            name = st.text_input("Name", key="new_person", max_chars=60)
            role = st.selectbox("Role", accounts.ROLES, key="new_role")
            if st.button("Add", disabled=not name.strip()):
                accounts.add(store, name, role, by=str(chosen))
                st.session_state["user"] = name.strip()
                st.rerun()
    st.session_state["user"] = str(chosen)
