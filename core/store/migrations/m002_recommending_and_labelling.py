"""Migration 2. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m002_recommending_and_labelling(db: Database) -> None:
    """Model versions, recommendations, requests, labels, and each client's status for the caseload."""
    run(
        db,
        """
        CREATE TABLE model_versions (
            id INTEGER PRIMARY KEY,
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            client_id INTEGER REFERENCES clients (id),
            parent_id INTEGER REFERENCES model_versions (id),
            kind TEXT NOT NULL CHECK (kind IN ('base', 'new client', 'answer')),
            weights TEXT NOT NULL,
            report TEXT NOT NULL CHECK (json_valid(report)),
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX model_versions_of_client ON model_versions (client_id, id);;
        CREATE TABLE recommendations (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            step INTEGER NOT NULL,
            model_version_id INTEGER NOT NULL REFERENCES model_versions (id),
            top TEXT NOT NULL CHECK (json_valid(top)),
            margin REAL NOT NULL,
            p_value REAL NOT NULL,
            why TEXT NOT NULL CHECK (json_valid(why)),
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX recommendations_of_client ON recommendations (client_id, id);;
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            step INTEGER NOT NULL,
            recommendation_id INTEGER NOT NULL REFERENCES recommendations (id),
            state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'flagged', 'out of date')),
            opened_at TEXT NOT NULL,
            UNIQUE (client_id, step)
        ) STRICT;;
        CREATE INDEX requests_by_state ON requests (state, id);;
        CREATE TABLE labels (
            id INTEGER PRIMARY KEY,
            request_id INTEGER NOT NULL REFERENCES requests (id),
            client_id INTEGER NOT NULL REFERENCES clients (id),
            user_id INTEGER NOT NULL REFERENCES users (id),
            answer_key TEXT NOT NULL UNIQUE,
            verdict TEXT NOT NULL CHECK (verdict IN ('exercise', 'none suitable', 'skip', 'flag')),
            exercise_id INTEGER REFERENCES exercises (id),
            reason TEXT NOT NULL DEFAULT '',
            decision_ms INTEGER,
            before TEXT NOT NULL CHECK (json_valid(before)),
            after TEXT NOT NULL CHECK (json_valid(after)),
            before_version_id INTEGER REFERENCES model_versions (id),
            after_version_id INTEGER REFERENCES model_versions (id),
            at TEXT NOT NULL,
            undone_at TEXT,
            undone_by TEXT,
            CHECK ((verdict = 'exercise') = (exercise_id IS NOT NULL))
        ) STRICT;;
        CREATE UNIQUE INDEX one_answer_a_request ON labels (request_id)
            WHERE undone_at IS NULL AND verdict IN ('exercise', 'none suitable');;
        CREATE INDEX labels_of_client ON labels (client_id, id);;
        CREATE INDEX labels_of_user ON labels (user_id, at);;
        CREATE TABLE client_status (
            client_id INTEGER PRIMARY KEY REFERENCES clients (id),
            cohort_id INTEGER NOT NULL REFERENCES cohorts (id),
            name TEXT NOT NULL,
            step INTEGER NOT NULL,
            last_at TEXT,
            recommendation_id INTEGER REFERENCES recommendations (id),
            margin REAL,
            p_value REAL,
            trend TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(trend)),
            request_id INTEGER REFERENCES requests (id),
            goal_days INTEGER NOT NULL DEFAULT 0,
            goal_hits INTEGER NOT NULL DEFAULT 0,
            attention INTEGER NOT NULL DEFAULT 0,
            reason TEXT NOT NULL DEFAULT ''
        ) STRICT;;
        CREATE INDEX client_status_by_attention ON client_status (cohort_id, attention DESC, p_value);;
        CREATE INDEX client_status_by_certainty ON client_status (cohort_id, p_value);;
        CREATE INDEX client_status_by_name ON client_status (cohort_id, name COLLATE NOCASE);;
        CREATE TRIGGER model_versions_are_immutable BEFORE UPDATE ON model_versions
            BEGIN SELECT RAISE(ABORT, 'a model version never changes'); END;;
        CREATE TRIGGER model_versions_are_kept BEFORE DELETE ON model_versions
            BEGIN SELECT RAISE(ABORT, 'a model version is never deleted'); END;;
        CREATE TRIGGER model_versions_are_never_replaced BEFORE INSERT ON model_versions
            WHEN EXISTS (SELECT 1 FROM model_versions WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'a model version is never replaced'); END;;
        CREATE TRIGGER labels_are_kept BEFORE DELETE ON labels
            BEGIN SELECT RAISE(ABORT, 'a label is undone, never deleted'); END;;
        CREATE TRIGGER labels_say_what_was_answered BEFORE UPDATE OF id, request_id, client_id, user_id, answer_key,
            verdict, exercise_id, reason, decision_ms, before, after, before_version_id, after_version_id, at ON labels
            BEGIN SELECT RAISE(ABORT, 'a label is undone, never changed'); END;;
        CREATE TRIGGER labels_stay_undone BEFORE UPDATE ON labels WHEN OLD.undone_at IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'a label that was undone never stands again'); END;;
        CREATE TRIGGER labels_are_never_replaced AFTER INSERT ON labels
            -- Labels are numbered without a gap, since none is deleted; one that made room for this leaves a gap.
            -- Not before the insertion: a second answer must still fail as a breach of uniqueness.
            WHEN NEW.id <> (SELECT count(*) FROM labels)
            BEGIN SELECT RAISE(ABORT, 'a label is undone, never replaced'); END
        """,
    )
