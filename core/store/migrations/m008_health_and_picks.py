"""Migration 8. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m008_health_and_picks(db: Database) -> None:
    """Two more kinds of document; labels against the safety gate; policies, picks with receipts, and their outcomes.

    No release before this wrote a pick, so the table is made anew.
    """
    run(
        db,
        """
        CREATE TABLE documents (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            kind TEXT NOT NULL
                CHECK (kind IN ('profile', 'questionnaire', 'medical', 'screening', 'health', 'preferences')),
            document TEXT NOT NULL CHECK (json_valid(document)),
            recorded_at TEXT NOT NULL
        ) STRICT;;
        INSERT INTO documents SELECT id, client_id, kind, document, recorded_at FROM profiles;;
        DROP TABLE profiles;;
        ALTER TABLE documents RENAME TO profiles;;
        CREATE INDEX profiles_of_client ON profiles (client_id, kind, id);;
        -- What is on record about a client's health decides what may be offered: it is added to, never changed.
        CREATE TRIGGER documents_are_immutable BEFORE UPDATE ON profiles
            BEGIN SELECT RAISE(ABORT, 'a document never changes; add a newer one'); END;;
        CREATE TRIGGER documents_are_kept BEFORE DELETE ON profiles
            BEGIN SELECT RAISE(ABORT, 'a document is never deleted; add a newer one'); END;;
        CREATE TRIGGER documents_are_never_replaced BEFORE INSERT ON profiles
            WHEN EXISTS (SELECT 1 FROM profiles WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'a document never changes; add a newer one'); END;;
        ALTER TABLE labels ADD COLUMN override TEXT NOT NULL DEFAULT '';;
        CREATE TRIGGER labels_keep_their_override BEFORE UPDATE OF override ON labels
            BEGIN SELECT RAISE(ABORT, 'a label is undone, never changed'); END;;
        DROP TABLE picks;;
        CREATE TABLE policy_versions (
            id INTEGER PRIMARY KEY,
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            settings TEXT NOT NULL CHECK (json_valid(settings)),
            start TEXT NOT NULL,
            report TEXT NOT NULL CHECK (json_valid(report)),
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX policy_versions_of_cohort ON policy_versions (cohort_id, id);;
        CREATE TABLE picks (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            policy_version_id INTEGER NOT NULL REFERENCES policy_versions (id),
            day TEXT NOT NULL,
            arm TEXT NOT NULL,
            -- NULL where a person chose and not the policy.
            propensity REAL CHECK (propensity > 0 AND propensity <= 1),
            receipt TEXT NOT NULL CHECK (json_valid(receipt)),
            author TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX picks_of_client ON picks (client_id, day, id);;
        CREATE TABLE pick_outcomes (
            id INTEGER PRIMARY KEY,
            pick_id INTEGER NOT NULL REFERENCES picks (id),
            completion REAL NOT NULL CHECK (completion BETWEEN 0 AND 1),
            progress REAL NOT NULL CHECK (progress BETWEEN 0 AND 1),
            author TEXT NOT NULL,
            at TEXT NOT NULL,
            undone_at TEXT,
            undone_by TEXT
        ) STRICT;;
        CREATE UNIQUE INDEX one_outcome_a_pick ON pick_outcomes (pick_id) WHERE undone_at IS NULL;;
        CREATE TRIGGER policy_versions_are_immutable BEFORE UPDATE ON policy_versions
            BEGIN SELECT RAISE(ABORT, 'a policy version never changes'); END;;
        CREATE TRIGGER policy_versions_are_kept BEFORE DELETE ON policy_versions
            BEGIN SELECT RAISE(ABORT, 'a policy version is never deleted'); END;;
        CREATE TRIGGER policy_versions_are_never_replaced BEFORE INSERT ON policy_versions
            WHEN EXISTS (SELECT 1 FROM policy_versions WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'a policy version is never replaced'); END;;
        CREATE TRIGGER picks_are_immutable BEFORE UPDATE ON picks
            BEGIN SELECT RAISE(ABORT, 'a receipt never changes'); END;;
        CREATE TRIGGER picks_are_kept BEFORE DELETE ON picks
            BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted'); END;;
        CREATE TRIGGER picks_are_never_replaced BEFORE INSERT ON picks
            WHEN EXISTS (SELECT 1 FROM picks WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'a receipt is never replaced'); END;;
        CREATE TRIGGER pick_outcomes_are_kept BEFORE DELETE ON pick_outcomes
            BEGIN SELECT RAISE(ABORT, 'an outcome is undone, never deleted'); END;;
        CREATE TRIGGER pick_outcomes_are_never_replaced BEFORE INSERT ON pick_outcomes
            WHEN EXISTS (SELECT 1 FROM pick_outcomes WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'an outcome is undone, never replaced'); END;;
        CREATE TRIGGER pick_outcomes_say_what_happened BEFORE UPDATE OF id, pick_id, completion, progress, author, at
            ON pick_outcomes
            BEGIN SELECT RAISE(ABORT, 'an outcome is undone, never changed'); END;;
        CREATE TRIGGER pick_outcomes_stay_undone BEFORE UPDATE ON pick_outcomes WHEN OLD.undone_at IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'an outcome that was undone never stands again'); END
        """,
    )
