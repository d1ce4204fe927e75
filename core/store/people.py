"""Cohorts, the people who sign in, clients with their dated documents, and notes about them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from core.errors import NotFound
from core.store.audit import now

Row = dict[str, Any]


def add_cohort(db: Database, name: str, *, source: str, synthetic: bool) -> int:
    """Add a cohort (a set of clients, their catalogue and their base model) and return its id."""
    cursor = db.execute(
        "INSERT INTO cohorts (name, source, synthetic, created_at) VALUES (?, ?, ?, ?)",
        [name, source, int(synthetic), now()],
    )
    return int(cursor.lastrowid or 0)


def cohorts(db: Database) -> list[Row]:
    """Every cohort with its number of clients, oldest first."""
    return list(
        db.query(
            "SELECT c.*, (SELECT count(*) FROM clients WHERE cohort_id = c.id) AS clients FROM cohorts c ORDER BY c.id"
        )
    )


def cohort(db: Database, key: int | str) -> Row:
    """One cohort by its id or its name.

    Raises:
        NotFound
    """
    column = "id" if isinstance(key, int) else "name"
    for row in db.query(f"SELECT * FROM cohorts WHERE {column} = ?", [key]):
        return dict(row)
    raise NotFound(f"There is no cohort {key!r}. Choose one from the list of cohorts.")


def add_user(db: Database, name: str, role: str) -> int:
    """Add a person who signs in, or return the id of the one of that name."""
    db.execute(
        "INSERT INTO users (name, role, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
        [name, role, now()],
    )
    return int(db.execute("SELECT id FROM users WHERE name = ?", [name]).fetchone()[0])


def users(db: Database) -> list[Row]:
    """Everyone who signs in, by name."""
    return list(db.query("SELECT * FROM users ORDER BY name"))


def user(db: Database, name: str) -> Row:
    """One person by name.

    Raises:
        NotFound
    """
    for row in db.query("SELECT * FROM users WHERE name = ?", [name]):
        return dict(row)
    raise NotFound(f"Nobody called {name!r} signs in here. Add the name first.")


def add_clients(db: Database, cohort_id: int, clients: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Add clients (``reference``, ``name``, ``time_zone``) that are new; return id by reference for the cohort."""
    stamp = now()
    db.conn.executemany(
        "INSERT INTO clients (cohort_id, reference, name, time_zone, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (cohort_id, reference) DO NOTHING",
        [
            (cohort_id, c["reference"], c.get("name") or c["reference"], c.get("time_zone") or "UTC", stamp)
            for c in clients
        ],
    )
    return client_ids(db, cohort_id)


def client_ids(db: Database, cohort_id: int) -> dict[str, int]:
    """Ids of a cohort's clients by reference."""
    return dict(db.execute("SELECT reference, id FROM clients WHERE cohort_id = ?", [cohort_id]).fetchall())


def clients(db: Database, cohort_id: int) -> list[Row]:
    """A cohort's clients by name, each as ``client``."""
    return list(
        db.query(
            "SELECT c.*, g.name AS cohort, g.synthetic FROM clients c JOIN cohorts g ON g.id = c.cohort_id"
            " WHERE c.cohort_id = ? ORDER BY c.name COLLATE NOCASE, c.id",
            [cohort_id],
        )
    )


def clients_in_force(db: Database, client_ids: Sequence[int]) -> list[Row]:
    """Id, name and the model version in force (None without a model) of each of these clients."""
    return list(
        db.query(
            "SELECT c.id, c.name, coalesce(c.model_version_id, g.model_version_id) AS version_id,"
            " c.model_version_id AS own_version_id FROM clients c JOIN cohorts g ON g.id = c.cohort_id"
            f" WHERE c.id IN ({marks(client_ids)}) ORDER BY c.id",
            list(client_ids),
        )
    )


def cohorts_of(db: Database, client_ids: Sequence[int]) -> dict[int, int]:
    """The cohort's id of each of these clients; those that do not exist are left out."""
    rows = db.execute(
        f"SELECT id, cohort_id FROM clients WHERE id IN ({marks(client_ids)})", list(client_ids)
    )
    return dict(rows.fetchall())


def client(db: Database, client_id: int) -> Row:
    """One client with the name of the cohort and whether it is synthetic.

    Raises:
        NotFound
    """
    rows = db.query(
        "SELECT c.*, g.name AS cohort, g.synthetic FROM clients c JOIN cohorts g ON g.id = c.cohort_id WHERE c.id = ?",
        [client_id],
    )
    for row in rows:
        return dict(row)
    raise NotFound("There is no such client. Choose one from the caseload.")


def add_documents(db: Database, kind: str, documents: Mapping[int, Mapping[str, Any]]) -> None:
    """Record a dated document of one kind (``profile``, ``medical`` …) for each client id; earlier ones stay."""
    stamp = now()
    db.conn.executemany(
        "INSERT INTO profiles (client_id, kind, document, recorded_at) VALUES (?, ?, ?, ?)",
        [(client, kind, json.dumps(document), stamp) for client, document in documents.items()],
    )


def documents(db: Database, client_id: int) -> dict[str, Row]:
    """A client's newest document of each kind, with ``recorded_at`` beside its fields."""
    rows = db.query(
        "SELECT kind, document, recorded_at, max(id) FROM profiles WHERE client_id = ? GROUP BY kind",
        [client_id],
    )
    return {row["kind"]: {**json.loads(row["document"]), "recorded_at": row["recorded_at"]} for row in rows}


def dated_documents(
    db: Database, client_ids: Sequence[int], kinds: Sequence[str]
) -> dict[int, dict[str, Row]]:
    """The newest document of each of these kinds by client and kind: ``id``, ``document`` (parsed), ``recorded_at``.

    Clients without any are left out.
    """
    rows = db.execute(
        "SELECT client_id, kind, max(id), document, recorded_at FROM profiles"
        f" WHERE client_id IN ({marks(client_ids)}) AND kind IN ({marks(kinds)}) GROUP BY client_id, kind",
        [*client_ids, *kinds],
    )
    found: dict[int, dict[str, Row]] = {}
    for client, kind, document_id, document, recorded_at in rows:
        row = {"id": document_id, "document": json.loads(document), "recorded_at": recorded_at}
        found.setdefault(client, {})[kind] = row
    return found


def changed(db: Database, cohort_id: int) -> tuple[int, int]:
    """How many clients a cohort has and the id of their newest document: another whenever either is added."""
    row = db.execute(
        "SELECT count(*), coalesce(max((SELECT max(id) FROM profiles WHERE client_id = c.id)), 0) FROM clients c"
        " WHERE c.cohort_id = ?",
        [cohort_id],
    ).fetchone()
    return int(row[0]), int(row[1])


def profiles_of(db: Database, client_ids: Sequence[int]) -> dict[int, Row]:
    """The newest profile document of each of these clients that has one."""
    rows = db.query(
        f"SELECT client_id, document, max(id) FROM profiles WHERE client_id IN ({marks(client_ids)})"
        " AND kind = 'profile' GROUP BY client_id",
        list(client_ids),
    )
    return {row["client_id"]: json.loads(row["document"]) for row in rows}


def newest_profiles(db: Database, cohort_id: int) -> dict[int, Row]:
    """The newest profile document of every client of a cohort that has one."""
    rows = db.query(
        "SELECT p.client_id, p.document, max(p.id) FROM profiles p JOIN clients c ON c.id = p.client_id"
        " WHERE c.cohort_id = ? AND p.kind = 'profile' GROUP BY p.client_id",
        [cohort_id],
    )
    return {row["client_id"]: json.loads(row["document"]) for row in rows}


def add_note(db: Database, client_id: int, author: str, text: str) -> None:
    """Write a note about a client."""
    db.execute(
        "INSERT INTO notes (client_id, author, text, at) VALUES (?, ?, ?, ?)",
        [client_id, author, text, now()],
    )


def notes(db: Database, client_id: int) -> list[Row]:
    """Notes about a client, newest first."""
    return list(db.query("SELECT * FROM notes WHERE client_id = ? ORDER BY id DESC", [client_id]))


def setting(db: Database, key: str, default: Any) -> Any:
    """A setting's value, or ``default`` where none was set."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", [key]).fetchone()
    return json.loads(row[0]) if row else default


def set_setting(db: Database, key: str, value: Any) -> None:
    """Set a setting."""
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, json.dumps(value)],
    )


def marks(values: Sequence[object]) -> str:
    """As many ``?`` as there are values, for an SQL ``IN``."""
    return ",".join("?" * len(values))
