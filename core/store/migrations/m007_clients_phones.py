"""Migration 7. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m007_clients_phones(db: Database) -> None:
    """What a client has: links to the phone's pages, counts as they arrived, messages, and the outbox."""
    run(
        db,
        """
        CREATE TABLE client_links (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            code TEXT NOT NULL UNIQUE,
            author TEXT NOT NULL,
            created_at TEXT NOT NULL,
            revoked_at TEXT,
            revoked_by TEXT,
            last_used_at TEXT
        ) STRICT;;
        CREATE INDEX client_links_of_client ON client_links (client_id, id);;
        CREATE TABLE contacts (
            client_id INTEGER PRIMARY KEY REFERENCES clients (id),
            email TEXT NOT NULL DEFAULT '',
            wants_messages INTEGER NOT NULL DEFAULT 0 CHECK (wants_messages IN (0, 1)),
            since TEXT NOT NULL
        ) STRICT;;
        CREATE TABLE step_reports (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            day TEXT NOT NULL,
            steps INTEGER NOT NULL CHECK (steps >= 0),
            measured_at TEXT NOT NULL,
            received_at TEXT NOT NULL,
            report_key TEXT NOT NULL,
            UNIQUE (client_id, report_key)
        ) STRICT;;
        CREATE INDEX step_reports_of_day ON step_reports (client_id, day, measured_at);;
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            text TEXT NOT NULL,
            at TEXT NOT NULL,
            read_at TEXT,
            read_by TEXT
        ) STRICT;;
        CREATE INDEX messages_of_client ON messages (client_id, id);;
        CREATE INDEX messages_unread ON messages (client_id) WHERE read_at IS NULL;;
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            kind TEXT NOT NULL CHECK (kind IN ('goal', 'met')),
            day TEXT NOT NULL,
            key TEXT NOT NULL UNIQUE,
            channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
            address TEXT NOT NULL,
            subject TEXT NOT NULL,
            body TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'unknown', 'skipped')),
            due_at TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at TEXT NOT NULL,
            lease TEXT,
            lease_until TEXT,
            sent_at TEXT,
            error TEXT NOT NULL DEFAULT '',
            UNIQUE (client_id, kind, day)
        ) STRICT;;
        CREATE INDEX outbox_by_state ON outbox (state, next_at)
        """,
    )
