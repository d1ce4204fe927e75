"""Migration 3. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m003_steps_picks_plans(db: Database) -> None:
    """Daily steps and goals, the bandit's picks, plans of goals."""
    run(
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
