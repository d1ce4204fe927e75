"""Data and models: take files in."""

import streamlit as st

from workbench import context
from workbench.components import importing

st.title("Data and models")
st.header("Import")
importing.draw(context.store(), context.user())
