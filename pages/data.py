"""Data and models: the models in force, training them anew, taking files in, and messages to clients."""

import streamlit as st

from workbench import context
from workbench.components import cohort_models, importing, message_settings

st.title("Data and models")
st.header("Models in force")
# Looked at again now and then: a training that ends elsewhere shows here.
st.fragment(cohort_models.draw, run_every=5.0)(context.store(), context.user())
st.header("Import")
importing.draw(context.store(), context.user())
st.header("Messages to clients")
message_settings.draw(context.store(), context.user())
