"""Daily counts on their way into a plan: whose they are, what zero means, and what the cohort knows already."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from core.services.importing.lookups import Roll
from core.services.importing.report import Choices, Findings, Need, Snapshot, StepsRow, ZeroDays
from core.store import imports

NOBODY = ""
"""Stands for the client where the person has not said yet whose file it is."""


class Counts:
    """The counts of a file, gathered row by row and then settled against the cohort."""

    def __init__(self, roll: Roll, cohort: Snapshot, choices: Choices, found: Findings) -> None:
        self._roll, self._cohort, self._found = roll, cohort, found
        self._drop_zeros = choices.zero_days is not ZeroDays.COUNTED
        self._rows: dict[tuple[str, str], StepsRow] = {}
        self._first: dict[tuple[str, str], tuple[int, str]] = {}

    def whose(self, named: str | None) -> str:
        """The client whose file this is; if nobody is named, or somebody unknown, what is needed is noted.

        Raises:
            InputError: if several clients have the name, or it is no name.
        """
        text = " ".join((named or "").split())
        if not text:
            self._found.needs.add(Need.CLIENT)
            return NOBODY
        client = self._roll.named(text)
        if client is None:
            self._found.needs.add(Need.NEW_CLIENTS)
            self._found.assumptions.append(f"“{text}” is no client of “{self._cohort.cohort}”.")
            return NOBODY
        self._found.assumptions.append(f"All of it is {client}'s, as you said.")
        return client

    def add(self, row: StepsRow, line: int, source: str = "") -> bool:
        """Take a row in; False if the file has other values for the same client and day.

        Of several sources (apps, devices) the one with the most steps on a day counts.
        """
        key = row[:2]
        if key not in self._rows:
            self._rows[key] = row
            self._first[key] = (line, source)
        elif self._rows[key] == row:
            self._found.count("rows equal to an earlier row, left out")
        elif source != self._first[key][1]:
            self._found.count("rows of another source for the same day, left out")
            if (row[2] or 0) > (self._rows[key][2] or 0):
                self._rows[key] = row
                self._first[key] = (line, source)
        else:
            return False
        return True

    def line(self, client: str, day: str) -> int:
        """The line that a client's day came from."""
        return self._first[client, day][0]

    def finish(self, db: Database) -> None:
        """Settle what zero means, leave out what the cohort has already, and write the plan and the counts."""
        rows, found = self._rows, self._found
        not_worn = {key for key, row in rows.items() if row[2] == 0} if self._drop_zeros else set()
        for client, day in not_worn:
            rows[client, day] = (client, day, None, rows[client, day][3])
        for client, day, steps, goal in rows.values():
            found.show({"client": client or None, "day": day, "steps": steps, "goal": goal})
        self._note_today(rows)
        changed = self._leave_out_known(db, not_worn)
        for key in [key for key, row in rows.items() if row[2] is None and row[3] is None]:
            # Nothing is known of the day, and the cohort has nothing to take back.
            if key not in changed:
                del rows[key]
                if key not in not_worn:
                    found.count("days without a count, left out")
        if not_worn:
            found.counts["days of zero steps, left without a count"] = len(not_worn)
            found.assumptions.append(
                f"A day of zero steps ({len(not_worn):,} here) is one on which the device was not worn: it is "
                "left without a count. Say so if zero is meant."
            )
        found.plan.clients = self._roll.new()
        found.plan.steps = [] if any(client == NOBODY for client, _ in rows) else list(rows.values())
        found.counts |= {
            "days to add": len(rows) - len(changed),
            "days brought up to date": len(changed),
            "new clients": len(found.plan.clients),
        }
        self._roll.summarise(found)

    def _note_today(self, rows: dict[tuple[str, str], StepsRow]) -> None:
        now = datetime.now(UTC)
        today: dict[str, str] = {}
        partial = 0
        for client, day, steps, _ in rows.values():
            if client not in today:
                today[client] = now.astimezone(ZoneInfo(self._roll.zone(client))).date().isoformat()
            partial += steps is not None and day == today[client]
        if partial:
            self._found.assumptions.append(
                f"{partial:,} {'count is' if partial == 1 else 'counts are'} of today, which is not over. "
                "A later file brings it up to date."
            )

    def _leave_out_known(self, db: Database, not_worn: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Drop the days that would change nothing; return those that would change one."""
        rows = self._rows
        changed: set[tuple[str, str]] = set()
        if self._cohort.cohort_id is None or not rows:
            return changed
        days = [day for _, day in rows]
        for client, day, steps, goal in imports.steps_between(
            db, self._cohort.cohort_id, min(days), max(days)
        ):
            key = (client, day)
            row = rows.get(key)
            if row is None:
                continue
            # An empty cell takes nothing away that is known; a day not worn takes a zero back.
            kept = None if key in not_worn and steps == 0 else steps
            merged = (client, day, kept if row[2] is None else row[2], goal if row[3] is None else row[3])
            if merged == (client, day, steps, goal):
                del rows[key]
                self._found.count("days that the cohort has already, left out")
            else:
                rows[key] = merged
                changed.add(key)
        return changed
