"""Migration 5. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m005_audit(db: Database) -> None:
    """The append-only audit. Updates, deletes and replacements are refused, whatever the connection."""
    run(
        db,
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL CHECK (json_valid(detail)),
            previous TEXT NOT NULL UNIQUE,
            hash TEXT NOT NULL UNIQUE
        ) STRICT;;
        CREATE INDEX audit_by_subject ON audit (subject, id);;
        CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;;
        CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;;
        CREATE TRIGGER audit_is_append_only_insert BEFORE INSERT ON audit
            WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
                OR EXISTS (SELECT 1 FROM audit WHERE previous = NEW.previous)
                OR EXISTS (SELECT 1 FROM audit WHERE hash = NEW.hash)
            BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
        """,
    )
