"""The schema, as migrations applied in order. A migration that has landed is never edited."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("spotter")


# REPLACE deletes rows without firing their delete triggers, unless the connection asks for recursive triggers.
# Ours do; the triggers that guard insertions hold on those that do not, such as the sqlite3 shell's.


def _run(db: Database, script: str) -> None:
    # Not executescript: it commits first, and would break the migration's transaction.
    for statement in script.split(";;"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m001_people_and_catalogue(db: Database) -> None:
    """Cohorts, users, clients with their dated documents, exercises, the exercise log."""
    _run(
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


@migrations()
def m002_recommending_and_labelling(db: Database) -> None:
    """Model versions, recommendations, requests, labels, and each client's status for the caseload."""
    _run(
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


@migrations()
def m003_steps_picks_plans(db: Database) -> None:
    """Daily steps and goals, the bandit's picks, plans of goals."""
    _run(
        db,
        """
        CREATE TABLE steps (
            client_id INTEGER NOT NULL REFERENCES clients (id),
            day TEXT NOT NULL,
            steps INTEGER CHECK (steps >= 0),
            goal INTEGER CHECK (goal >= 0),
            import_id INTEGER REFERENCES imports (id),
            PRIMARY KEY (client_id, day)
        ) STRICT, WITHOUT ROWID;;
        CREATE TABLE picks (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            arm TEXT NOT NULL,
            propensity REAL NOT NULL CHECK (propensity > 0 AND propensity <= 1),
            receipt TEXT NOT NULL CHECK (json_valid(receipt)),
            reward REAL,
            at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX picks_of_client ON picks (client_id, id);;
        CREATE TABLE plans (
            id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL REFERENCES clients (id),
            starts_on TEXT NOT NULL,
            goals TEXT NOT NULL CHECK (json_valid(goals)),
            settings TEXT NOT NULL CHECK (json_valid(settings)),
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;;
        CREATE INDEX plans_of_client ON plans (client_id, id);;
        CREATE TRIGGER plans_are_immutable BEFORE UPDATE ON plans
            BEGIN SELECT RAISE(ABORT, 'a plan never changes; make a new one'); END;;
        CREATE TRIGGER plans_are_kept BEFORE DELETE ON plans
            BEGIN SELECT RAISE(ABORT, 'a plan is never deleted'); END;;
        CREATE TRIGGER plans_are_never_replaced BEFORE INSERT ON plans
            WHEN EXISTS (SELECT 1 FROM plans WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'a plan never changes; make a new one'); END
        """,
    )


@migrations()
def m004_jobs(db: Database) -> None:
    """Long work: jobs, and the pieces that workers lease one at a time."""
    _run(
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


@migrations()
def m005_audit(db: Database) -> None:
    """The append-only audit. Updates, deletes and replacements are refused, whatever the connection."""
    _run(
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


@migrations()
def m006_plans_in_force(db: Database) -> None:
    """Plans of goals that were taken back: the day from which they no longer hold. A plan itself never changes."""
    _run(
        db,
        """
        CREATE TABLE plan_withdrawals (
            plan_id INTEGER PRIMARY KEY REFERENCES plans (id),
            from_day TEXT NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;;
        CREATE TRIGGER plan_withdrawals_are_immutable BEFORE UPDATE ON plan_withdrawals
            BEGIN SELECT RAISE(ABORT, 'a plan that was taken back stays so; make a new one'); END;;
        CREATE TRIGGER plan_withdrawals_are_kept BEFORE DELETE ON plan_withdrawals
            BEGIN SELECT RAISE(ABORT, 'a plan that was taken back stays so; make a new one'); END;;
        CREATE TRIGGER plan_withdrawals_are_never_replaced BEFORE INSERT ON plan_withdrawals
            WHEN EXISTS (SELECT 1 FROM plan_withdrawals WHERE plan_id = NEW.plan_id)
            BEGIN SELECT RAISE(ABORT, 'a plan that was taken back stays so; make a new one'); END;;
        -- One row a client and planned day: the goal of the newest plan that covers the day and held on it.
        CREATE VIEW plan_goals AS
            SELECT client_id, day, goal, max(plan_id) AS plan_id FROM (
                SELECT p.id AS plan_id, p.client_id, date(p.starts_on, '+' || g.key || ' days') AS day, g.value AS goal,
                    w.from_day
                FROM plans p JOIN json_each(p.goals) g LEFT JOIN plan_withdrawals w ON w.plan_id = p.id
            ) WHERE from_day IS NULL OR day < from_day GROUP BY client_id, day
        """,
    )


@migrations()
def m007_clients_phones(db: Database) -> None:
    """What a client has: links to the phone's pages, counts as they arrived, messages, and the outbox."""
    _run(
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


@migrations()
def m008_health_and_picks(db: Database) -> None:
    """Two more kinds of document; labels against the safety gate; policies, picks with receipts, and their outcomes.

    No release before this wrote a pick, so the table is made anew.
    """
    _run(
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
