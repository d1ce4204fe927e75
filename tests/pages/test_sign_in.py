"""Who is signed in, in the corner of every page."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.services import Store, accounts
from workbench.components import sign_in

APP = Path(__file__).parents[2] / "workbench" / "app.py"


@pytest.fixture
def cookies(monkeypatch):
    found = {}
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: found))
    return found


@pytest.fixture
def store(cookies, tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    opened = Store(tmp_path)
    for name in ("Aaron", "Zoe"):
        accounts.add(opened, name, "trainer", by="system")
    yield opened
    opened.close()


def open_page(user=None):
    app = AppTest.from_file(str(APP), default_timeout=30)
    if user is not None:
        app.query_params["user"] = user
    app.run()
    assert not app.exception
    return app


def toasts(app):
    return [toast.value.replace("\\", "") for toast in app.toast]


def sign_in_as(app, name):
    app.text_input(key="new_person").set_value(name).run()
    next(button for button in app.button if button.label == "Add and sign in").click().run()
    assert not app.exception
    return app


def test_the_first_person_is_signed_in_where_nobody_was_asked_for(store):
    app = open_page()
    assert app.session_state["user"] == "Aaron"
    assert toasts(app) == []


def test_the_address_names_the_person_whatever_the_case(store):
    assert open_page("Zoe").session_state["user"] == "Zoe"
    app = open_page("zOE")
    assert app.session_state["user"] == "Zoe"
    assert toasts(app) == []


def test_a_name_that_is_not_known_is_not_silently_somebody_else(store):
    app = open_page("*Mallory*")
    assert app.session_state["user"] == "Aaron"
    assert toasts(app) == ["Nobody called “*Mallory*” signs in here. You are signed in as “Aaron”."]
    assert app.query_params["user"] in ("Aaron", ["Aaron"])
    app.run()
    assert toasts(app) == [], "said once"


def test_the_browser_remembers_and_a_name_that_is_gone_is_told(store, cookies):
    cookies[sign_in.COOKIE] = "Zoe"
    app = open_page()
    assert app.session_state["user"] == "Zoe"
    assert toasts(app) == []
    cookies[sign_in.COOKIE] = "Old%20Name"
    assert toasts(open_page()) == ["Nobody called “Old Name” signs in here. You are signed in as “Aaron”."]


def test_typing_a_known_name_in_other_letters_signs_in_that_person(store):
    app = sign_in_as(open_page(), "zoe")
    assert app.session_state["user"] == "Zoe"
    assert [person["name"] for person in accounts.everyone(store)] == ["Aaron", "Zoe"]


def test_a_name_with_marks_is_shown_as_it_is(store):
    app = sign_in_as(open_page(), "*a* :red[x]")
    assert app.session_state["user"] == "*a* :red[x]"
    assert app.radio[0].options == [r"\*a\* \:red\[x\]", "Aaron", "Zoe"]
    (popover,) = app.get("popover")
    assert popover.proto.popover.label == r"\*a\* \:red\[x\]"
