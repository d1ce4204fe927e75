"""Migration 4. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m004_jobs(db: Database) -> None:
    """Long work: jobs, and the pieces that workers lease one at a time."""
    run(
        db,
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            study TEXT NOT NULL,
            settings TEXT NOT NULL CHECK (json_valid(settings)),
            seed INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            code_version TEXT NOT NULL,
            data_hash TEXT NOT NULL DEFAULT '',
            actor TEXT NOT NULL,
            created_at TEXT NOT NULL,
            started_at TEXT,
            finished_at TEXT,
            message TEXT NOT NULL DEFAULT '',
            result TEXT CHECK (result IS NULL OR json_valid(result))
        ) STRICT;;
        CREATE INDEX jobs_by_state ON jobs (state, created_at);;
        CREATE TABLE job_pieces (
            job_id TEXT NOT NULL REFERENCES jobs (id),
            piece INTEGER NOT NULL,
            title TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
            fraction REAL NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            lease TEXT,
            lease_until REAL,
            seconds REAL,
            result TEXT CHECK (result IS NULL OR json_valid(result)),
            PRIMARY KEY (job_id, piece)
        ) STRICT, WITHOUT ROWID
        """,
    )
