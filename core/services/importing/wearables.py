"""One person's steps out of a phone's or a tracker's export: read once, then settled for whichever client it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from core.services.importing import apple, containers, google, merging, values
from core.services.importing.containers import Content, Form, Source
from core.services.importing.counts import Counts
from core.services.importing.lookups import Roll
from core.services.importing.merging import Collector, Merged
from core.services.importing.report import Choices, Findings, Need, Problem, Snapshot

SOURCES = (
    "On {days:,} of {all:,} days several apps or devices counted. At each moment only one of them is taken: of each "
    "day the one with the most steps first, the others where it was off for more than half an hour. {steps:,} steps "
    "that others counted at the same time are left out."
)


@dataclass(frozen=True, slots=True)
class OnePerson:
    """What a file of one person holds.

    Attributes:
        sha256: of the whole file.
        zone: the time zone that its days are of, where the file itself does not say; None where it does.
        rows: counts read.
        days: steps by day.
        made: the day that the file was made on, where it says.
    """

    form: Form
    sha256: str
    zone: str | None
    rows: int
    days: Mapping[str, int]
    made: str | None
    counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    problem_count: int
    assumptions: tuple[str, ...]


def read(source: Source, content: Content, zone: str, progress: Callable[[float], None]) -> OnePerson:
    """Read all of it.

    Args:
        content: what ``containers.look`` found.
        zone: the person's time zone.
        progress: told how far it is, from 0 to 1.

    Raises:
        InputError: if it cannot be read.
    """
    sha256 = containers.sha256(source)
    if content.form is Form.APPLE:
        return _apple(source, content, sha256, progress)
    found, collected = Findings(), Collector()
    rows = 0
    members: tuple[str | None, ...] = content.members or (None,)
    for number, member in enumerate(members, start=1):
        data = containers.read_whole(source, member)
        file = f"{PurePosixPath(member).name}: " if member else ""
        if content.form is Form.MINUTES:
            rows += google.read_minutes(data, file, ZoneInfo(zone), collected, found)
        else:
            folder = str(PurePosixPath(member or "").parent)
            rows += google.read_fitbit(data, file, folder, collected, found)
        progress(number / len(members))
    if content.form is Form.MINUTES:
        how = f"Read as Google Health's steps by the minute; its days are those of {zone}, the client's time zone."
    else:
        how = (
            "Read as Fitbit's steps by the minute. Its times name no zone and are taken as the wearer's own."
        )
    assumptions = [how]
    if len(members) > 1:
        assumptions.append(f"{len(members):,} files of the archive are read together.")
    if content.others:
        assumptions.append(f"The archive also holds {', '.join(content.others)}, which are not read.")
    merged = merging.daily(collected.samples())
    used = zone if content.form is Form.MINUTES else None
    return _merged(content.form, sha256, used, rows, None, merged, found, assumptions)


def check(db: Database, person: OnePerson, cohort: Snapshot, choices: Choices) -> Findings:
    """Settle what was read against the cohort.

    Raises:
        InputError: if several clients have the name that was given, or it is no name.
    """
    found = Findings(
        counts=dict(person.counts),
        problems=list(person.problems),
        problem_count=person.problem_count,
        assumptions=list(person.assumptions),
    )
    if person.problem_count:
        found.needs.add(Need.CORRECTION)
    counts = Counts(Roll(cohort, add=choices.new_clients), cohort, choices, found)
    client = counts.whose(choices.client)
    for line, (day, steps) in enumerate(person.days.items(), start=1):
        counts.add((client, day, steps, None), line)
    if person.made in person.days:
        found.assumptions.append(
            f"The file was made on {person.made}; the count of that day may not be whole."
        )
    counts.finish(db)
    return found


def zone_of(client: str | None, cohort: Snapshot) -> str:
    """The time zone of the client that a person named; UTC where there is none yet."""
    name = " ".join((client or "").split())
    return Roll(cohort, add=False).zone(Roll(cohort, add=False).named(name) or "") if name else "UTC"


def _apple(source: Source, content: Content, sha256: str, progress: Callable[[float], None]) -> OnePerson:
    with containers.opened(source, *content.members) as (stream, size):
        records = apple.read(stream, size, progress)
    merged = merging.daily(records.collected.samples())
    assumptions = [
        "Read as an export of Apple Health; its days are those of the offset from UTC that each record carries."
    ]
    person = _merged(
        Form.APPLE, sha256, None, records.records, records.made, merged, records.found, assumptions
    )
    counts = {**person.counts, "records over more than a day, left out": records.long}
    return replace(person, counts=counts)


def _merged(
    form: Form,
    sha256: str,
    zone: str | None,
    rows: int,
    made: str | None,
    merged: Merged,
    found: Findings,
    assumptions: list[str],
) -> OnePerson:
    too_many = [day for day, steps in merged.steps.items() if steps > values.MOST_STEPS]
    if merged.shared_days:
        assumptions.append(
            SOURCES.format(days=merged.shared_days, all=len(merged.steps), steps=merged.elsewhere)
        )
    return OnePerson(
        form=form,
        sha256=sha256,
        zone=zone,
        rows=rows,
        days={day: steps for day, steps in merged.steps.items() if steps <= values.MOST_STEPS},
        made=made and made[:10],
        counts={
            "records equal to another one, left out": merged.repeated,
            f"days of more than {values.MOST_STEPS:,} steps, left out": len(too_many),
        },
        problems=found.listed(),
        problem_count=found.problem_count,
        assumptions=tuple(assumptions),
    )
