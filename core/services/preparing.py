"""The first start: a database with the sample cohort and a trained model, step by step and resumable."""

import csv
import io
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sample_data
from core.errors import SpotterError
from core.guidelines import tables_hash
from core.recommender import Progress
from core.services import Store, accounts, gating, goals, importing, recommending, training
from core.services.importing import Need, taking
from core.services.picks import sample
from core.store import exercises, people

FIRST_PERSON = "Trainer"
COHORT = "Sample cohort"
SEED = 1
LAST_DAY = "sample.last_day"
JUDGED_BY = "gate.tables"
FILES = (
    sample_data.EXERCISES_CSV,
    sample_data.CLIENTS_CSV,
    sample_data.QUESTIONNAIRES_CSV,
    sample_data.MEDICAL_CSV,
    sample_data.SCREENING_CSV,
    sample_data.HEALTH_CSV,  # after what its clearances are given for
    sample_data.PREFERENCES_CSV,
    sample_data.LOG_CSV,
    sample_data.STEPS_CSV,
)


def prepare(store: Store, say: Callable[[str], None]) -> None:
    """Bring a workbench to where a person can work; what a killed start has done already is kept.

    Args:
        say: told in a sentence what is being done and how far it is.
    """
    if not people.users(store.db):
        accounts.add(store, FIRST_PERSON, "trainer", by="system")
    judge_anew(store)
    add_sample(store, say)
    for cohort in people.cohorts(store.db):
        untrained = cohort["synthetic"] and cohort["model_version_id"] is None
        if untrained and exercises.histories(store.db, cohort["id"]):
            say(f"Training the first models on “{cohort['name']}” ({sample_data.LABEL}) …")
            training.train_candidates(store, cohort["id"], seed=SEED, by="system", say=_report(say))
            recommending.refresh(store, cohort["id"])
            say("Compiling the search behind step goals, once …")
            goals.warm()
        elif recommending.pending(store, cohort["id"]) is not None:
            say(f"Recommending to the clients of “{cohort['name']}” …")
            recommending.refresh(store, cohort["id"])
        if cohort["name"] == COHORT and not sample.made(store, cohort["id"]):
            say("Making a fortnight of picks for the sample cohort …")
            last_day = people.setting(store.db, LAST_DAY, _yesterday().isoformat())
            sample.add(store, cohort["id"], date.fromisoformat(last_day))


def judge_anew(store: Store) -> None:
    """Have everybody recommended anew where the gate goes by other tables than at the last start, or is new here.

    What is recommended in an older database may hold what the gate masks. Films stay outside it, as when they are
    imported.
    """
    tables, before = tables_hash(), people.setting(store.db, JUDGED_BY, None)
    if tables == before:
        return
    with store.transaction() as db:
        for cohort in people.cohorts(db):
            if before is None and cohort["source"] == taking.SOURCES[importing.Kind.MOVIELENS]:
                gating.switch(store, cohort["id"], on=False, reason=taking.FILMS, by="system")
            recommending.mark_pending(db, cohort["id"])
        people.set_setting(db, JUDGED_BY, tables)


def add_sample(store: Store, say: Callable[[str], None]) -> None:
    """Put the sample cohort into a store that has no cohort, or go on with one that was begun; no model yet.

    Its dates are moved by whole weeks so that the record ends yesterday: then there is a today to set a goal for.
    """
    known = {cohort["name"] for cohort in people.cohorts(store.db)}
    if known and COHORT not in known:
        return
    if COHORT not in known:
        with store.change("add cohort", by="system", subject=f"cohort “{COHORT}”") as change:
            people.add_cohort(change.db, COHORT, source=sample_data.LABEL, synthetic=True)
            # Kept, for a start that goes on tomorrow.
            people.set_setting(change.db, LAST_DAY, _yesterday().isoformat())
    elif people.cohort(store.db, COHORT)["model_version_id"] is not None:
        return
    last_day = date.fromisoformat(people.setting(store.db, LAST_DAY, sample_data.LAST_DAY.isoformat()))
    for number, file in enumerate(FILES, start=1):
        dated = file.name in (sample_data.LOG_CSV.name, sample_data.STEPS_CSV.name)
        source = (file.name, moved_to(file, last_day)) if dated else file
        report = importing.check(store, source, cohort=COHORT)
        if Need.TAKEN_BEFORE in report.needs:
            continue
        if report.problems:
            raise SpotterError(
                f"{file} was changed by hand: {report.problems[0]}. Take it from a fresh clone."
            )
        importing.take(store, report, by="system")
        say(f"  sample cohort, file {number} of {len(FILES)}: {file.name}, {report.rows_read:,} rows")


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def moved_to(file: Path, last_day: date) -> bytes:
    """A CSV file of the sample with its dates moved on (or back) by whole weeks, up to ``last_day``.

    Rows after that day are left out. Times lose their offset: at the new date it may be another, and a time
    without one is read in its client's zone.
    """
    by = timedelta(weeks=math.ceil((last_day - sample_data.LAST_DAY).days / 7))
    written = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline=""))
    writer = csv.writer(written, lineterminator="\n")
    for cells in rows:
        try:
            day = date.fromisoformat(cells[1][:10]) + by
        except ValueError:  # the header, or what somebody spoilt: the check says so
            writer.writerow(cells)
            continue
        if day <= last_day:
            writer.writerow([cells[0], f"{day}{cells[1][10:19]}", *cells[2:]])
    return written.getvalue().encode()


def _report(say: Callable[[str], None]) -> Callable[[str, Progress], None]:
    told: dict[str, int] = {}

    def report(title: str, progress: Progress) -> None:
        tenth = 10 * progress.epoch // progress.epochs
        if tenth > told.get(title, 0):
            told[title] = tenth
            say(
                f"  {title}: epoch {progress.epoch:,} of at most {progress.epochs:,}, "
                f"loss {progress.train_loss:.3f}"
            )

    return report
