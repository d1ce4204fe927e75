"""Migration 1. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m001_people_and_catalogue(db: Database) -> None:
    """Cohorts, users, clients with their dated documents, exercises, the exercise log."""
    run(
        db,
        """
        CREATE TABLE cohorts (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            source TEXT NOT NULL,
            synthetic INTEGER NOT NULL CHECK (synthetic IN (0, 1)),
            model_version_id INTEGER REFERENCES model_versions (id),
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE TABLE users (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            role TEXT NOT NULL CHECK (role IN ('trainer', 'clinician', 'researcher')),
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE TABLE clients (
            id INTEGER PRIMARY KEY,
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            reference TEXT NOT NULL,
            name TEXT NOT NULL,
            time_zone TEXT NOT NULL DEFAULT 'UTC',
            model_version_id INTEGER REFERENCES model_versions (id),
            created_at TEXT NOT NULL,
            UNIQUE (cohort_id, reference)
        ) STRICT;;
        CREATE TABLE profiles (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            kind TEXT NOT NULL CHECK (kind IN ('profile', 'questionnaire', 'medical', 'screening')),
            document TEXT NOT NULL CHECK (json_valid(document)),
            recorded_at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX profiles_of_client ON profiles (client_id, kind, id);;
        CREATE TABLE exercises (
            id INTEGER PRIMARY KEY,
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            reference TEXT NOT NULL,
            name TEXT NOT NULL,
            category TEXT NOT NULL DEFAULT '',
            muscle_group TEXT NOT NULL DEFAULT '',
            difficulty REAL,
            detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
            UNIQUE (cohort_id, reference)
        ) STRICT;;
        CREATE TABLE imports (
            id INTEGER PRIMARY KEY,
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            kind TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            actor TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;;
        CREATE TABLE exercise_log (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            at TEXT NOT NULL,
            exercise_id INTEGER NOT NULL REFERENCES exercises (id),
            success INTEGER CHECK (success IN (0, 1)),
            difficulty REAL,
            import_id INTEGER REFERENCES imports (id)
        ) STRICT;;
        CREATE INDEX exercise_log_of_client ON exercise_log (client_id, at, id);;
        CREATE TABLE notes (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            author TEXT NOT NULL,
            text TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX notes_of_client ON notes (client_id, id);;
        CREATE TABLE settings (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL CHECK (json_valid(value))
        ) STRICT
        """,
    )
