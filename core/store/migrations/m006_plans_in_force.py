"""Migration 6. It has landed and is never edited."""

from sqlite_utils import Database

from core.store.migrations.running import run


def m006_plans_in_force(db: Database) -> None:
    """Plans of goals that were taken back: the day from which they no longer hold. A plan itself never changes."""
    run(
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
