"""The first start: a database with the sample cohort and a trained model, step by step and resumable."""

from collections.abc import Callable

import sample_data
from core.errors import SpotterError
from core.recommender import Progress
from core.services import Store, accounts, importing, recommending, training
from core.services.importing import Need
from core.store import people

FIRST_PERSON = "Trainer"
COHORT = "Sample cohort"
SEED = 1
FILES = (
    sample_data.EXERCISES_CSV,
    sample_data.CLIENTS_CSV,
    sample_data.QUESTIONNAIRES_CSV,
    sample_data.MEDICAL_CSV,
    sample_data.SCREENING_CSV,
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
    add_sample(store, say)
    for cohort in people.cohorts(store.db):
        if cohort["synthetic"] and cohort["model_version_id"] is None:
            say(f"Training the first model on “{cohort['name']}” ({sample_data.LABEL}) …")
            training.train_cohort(store, cohort["id"], seed=SEED, by="system", progress=_report(say))
        elif recommending.pending(store, cohort["id"]) is not None:
            say(f"Recommending to the clients of “{cohort['name']}” …")
            recommending.refresh(store, cohort["id"])


def add_sample(store: Store, say: Callable[[str], None]) -> None:
    """Put the sample cohort into a store that has no cohort, or go on with one that was begun; no model yet."""
    known = {cohort["name"] for cohort in people.cohorts(store.db)}
    if known and COHORT not in known:
        return
    if COHORT not in known:
        with store.change("add cohort", by="system", subject=f"cohort “{COHORT}”") as change:
            people.add_cohort(change.db, COHORT, source=sample_data.LABEL, synthetic=True)
    elif people.cohort(store.db, COHORT)["model_version_id"] is not None:
        return
    for number, file in enumerate(FILES, start=1):
        report = importing.check(store, file, cohort=COHORT)
        if Need.TAKEN_BEFORE in report.needs:
            continue
        if report.problems:
            raise SpotterError(
                f"{file} was changed by hand: {report.problems[0]}. Take it from a fresh clone."
            )
        importing.take(store, report, by="system")
        say(f"  sample cohort, file {number} of {len(FILES)}: {file.name}, {report.rows_read:,} rows")


def _report(say: Callable[[str], None]) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.epoch % 5 == 0 or progress.epoch == progress.epochs:
            say(f"  epoch {progress.epoch} of at most {progress.epochs}, loss {progress.train_loss:.3f}")

    return report
