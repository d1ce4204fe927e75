"""The shell around every page: navigation, who is signed in, and errors as sentences."""

from pathlib import Path

import streamlit as st

from core.errors import SpotterError
from workbench import context
from workbench.components import sign_in
from workbench.components.text import plain

PAGES = Path(__file__).parent.parent / "pages"

st.set_page_config(page_title="Spotter", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
navigation = st.navigation(
    [
        st.Page(PAGES / "caseload.py", title="Caseload", icon=":material/groups:", default=True),
        st.Page(PAGES / "label_requests.py", title="Label requests", icon=":material/rate_review:"),
        st.Page(PAGES / "client.py", title="Client", icon=":material/person:"),
        st.Page(PAGES / "picks.py", title="Picks", icon=":material/event_available:"),
        st.Page(PAGES / "step_goals.py", title="Step goals", icon=":material/directions_walk:"),
        st.Page(PAGES / "studies.py", title="Studies", icon=":material/science:"),
        st.Page(PAGES / "data.py", title="Data and models", icon=":material/database:"),
    ],
    position="top",
)
try:
    sign_in.draw(context.store())
    navigation.run()
except SpotterError as error:
    st.error(plain(str(error)), icon=":material/error:")
