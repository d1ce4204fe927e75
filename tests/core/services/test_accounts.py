import pytest

from core.errors import InputError
from core.services import Store, accounts
from core.store import audit


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path)
    yield opened
    opened.close()


def additions(store):
    return [row["subject"] for row in audit.recent(store.db) if row["action"] == "add person"]


def test_a_known_name_in_other_letters_is_the_person_there_is_and_nothing_is_added(store):
    assert accounts.add(store, "Ana", "trainer", by="system") == "Ana"
    assert accounts.add(store, "  ana ", "researcher", by="Ana") == "Ana"
    assert [(person["name"], person["role"]) for person in accounts.everyone(store)] == [("Ana", "trainer")]
    assert additions(store) == ["person Ana"]


def test_a_new_name_is_added_with_single_spaces(store):
    assert accounts.add(store, " Bo   Lee ", "clinician", by="system") == "Bo Lee"
    assert additions(store) == ["person Bo Lee"]


@pytest.mark.parametrize(("name", "role"), [("", "trainer"), ("x" * 61, "trainer"), ("Ana", "king")])
def test_a_name_or_a_role_that_cannot_be_adds_nobody(store, name, role):
    with pytest.raises(InputError):
        accounts.add(store, name, role, by="system")
    assert accounts.everyone(store) == []
