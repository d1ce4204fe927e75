"""How a migration runs its statements."""

from sqlite_utils import Database

# REPLACE deletes rows without firing their delete triggers, unless the connection asks for recursive triggers.
# Ours do; the triggers that guard insertions hold on those that do not, such as the sqlite3 shell's.


def run(db: Database, script: str) -> None:
    """Run statements that are parted by two semicolons.

    Not by ``executescript``: it commits first, and would break the migration's transaction.
    """
    for statement in script.split(";;"):
        if statement.strip():
            db.execute(statement)
