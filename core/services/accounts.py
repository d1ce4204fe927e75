"""The people who sign in."""

from typing import Any

from core.errors import InputError, NotFound
from core.services import Store
from core.store import people

ROLES = ("trainer", "clinician", "researcher")


def everyone(store: Store) -> list[dict[str, Any]]:
    """Everyone who signs in, by name."""
    return people.users(store.db)


def add(store: Store, name: str, role: str, *, by: str) -> str:
    """Add a person, or find the one of that name in whatever case; returns the name as it is kept.

    Raises:
        InputError: for an empty or overlong name, or a role that is not one of ``ROLES``.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise InputError("A name has 1 to 60 characters.")
    if role not in ROLES:
        raise InputError(f"{role!r} is no role; choose {', '.join(ROLES[:-1])} or {ROLES[-1]}.")
    with store.transaction() as db:
        try:
            return str(people.user(db, name)["name"])
        except NotFound:
            with store.change("add person", by=by, subject=f"person {name}") as change:
                change.detail["role"] = role
                people.add_user(change.db, name, role)
            return name
