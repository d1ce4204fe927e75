"""Do one claimed piece of a run, whatever its study; used by the worker processes."""

import time
import traceback
from collections.abc import Callable

from core.errors import JobFailed, SpotterError, StorageFull, StorageReadOnly, StoreError
from core.services import Store
from core.services.studies import options
from core.services.studies.study import Context, Loaded, Studies, Study
from core.services.studies.version import code_version
from core.store import jobs
from core.store.jobs import Claim

LOGS = "logs"
TELL = 5  # % of loading from one word of it to the next


class Stopped(Exception):
    """Raised by ``progress`` inside a piece that nobody waits for: its run was stopped, or its lease is lost."""


class Performer:
    """Claims pieces and does them, keeping a run's data in memory from one piece to the next."""

    def __init__(self, store: Store, studies: Studies, *, worker: str, lease_seconds: float) -> None:
        self.store = store
        self.studies = studies
        self.worker = worker
        self.lease_seconds = lease_seconds
        self._code_version = code_version()  # now: the source may change while this process lives
        self._loaded: tuple[str, Loaded] = ("", Loaded())

    def claim(self) -> Claim | None:
        """The next piece, leased to this worker; None where nothing waits."""
        if not jobs.waiting(self.store.db, at=time.time()):
            return None
        with self.store.transaction() as db:
            return jobs.claim(
                db,
                worker=self.worker,
                code_version=self._code_version,
                at=time.time(),
                seconds=self.lease_seconds,
            )

    def renew(self, claim: Claim, fraction: float) -> bool:
        """Keep the lease; False if it is lost or the run was stopped."""
        with self.store.transaction() as db:
            return jobs.renew(db, claim, fraction=fraction, until=time.time() + self.lease_seconds)

    def release(self) -> None:
        """Give back what this worker holds."""
        with self.store.transaction() as db:
            jobs.release(db, self.worker)

    def perform(self, claim: Claim, progress: Callable[[float], None]) -> None:
        """Do a piece and write its result, or fail its run with a sentence and a log.

        A run whose piece finds no room, or no right to write, fails too: the piece would meet the same again.

        Raises:
            StoreError: if the database cannot be written, not even to note the failure; the piece is left to be taken
                up again.
        """
        try:
            study = self.studies.get(claim.study)
            if study is None:
                raise JobFailed(
                    f"This version of Spotter has no study {claim.study!r}. Start one from the list of studies."
                )
            (self._combine if claim.last else self._run)(study, claim, progress)
        except Stopped:
            pass
        except (StorageFull, StorageReadOnly) as error:
            self._fail(claim, str(error))
        except StoreError:
            raise
        except SpotterError as error:
            self._fail(claim, str(error))
        except MemoryError:
            self._fail(
                claim,
                f"The piece “{claim.title}” ran out of memory. Try smaller settings, or close other programs.",
            )
        except Exception as error:  # a fault in a study must not take the worker down
            sentence = (
                f"The piece “{claim.title}” stopped on an unexpected error ({type(error).__name__}: {error})."
            )
            details = f" The details are in {LOGS}/{claim.job_id}.log of the data folder."
            self._fail(claim, sentence, details)

    def _run(self, study: Study, claim: Claim, progress: Callable[[float], None]) -> None:
        settings = options.build(study.settings, claim.settings)
        context = Context(self.store, self._data(study, settings, claim, progress).value)
        begun = time.perf_counter()  # reading the data is once a worker, and no part of what a piece takes
        outcome = study.run_piece(settings, claim.seed, claim.piece, context, progress)
        with self.store.transaction() as db:
            jobs.finish_piece(db, claim, seconds=time.perf_counter() - begun, result=outcome)

    def _combine(self, study: Study, claim: Claim, _progress: Callable[[float], None]) -> None:
        begun = time.perf_counter()
        settings = options.build(study.settings, claim.settings)
        results = jobs.results(self.store.db, claim.job_id)
        combined = study.combine(settings, results).to_json()
        with self.store.change("finish study", by=claim.actor, subject=f"run {claim.job_id}") as change:
            seconds = time.perf_counter() - begun
            # In one transaction with what the study publishes: both happen, once, or neither.
            if not jobs.finish(change.db, claim, seconds=seconds, result=combined):
                raise Stopped
            if study.publish is not None:
                study.publish(self.store, settings, results, claim.actor)
        if study.after is not None:
            study.after(self.store, settings, results)

    def _data(
        self, study: Study, settings: object, claim: Claim, progress: Callable[[float], None]
    ) -> Loaded:
        key = claim.job_id
        if self._loaded[0] != key:
            self._loaded = ("", Loaded())  # let go of the old data before the new is read
            self._loaded = (key, study.load(self.store, settings, self._told(study, claim, progress)))
        loaded = self._loaded[1]
        with self.store.transaction() as db:
            jobs.tell(db, claim, "")
            same = jobs.settle_data_hash(db, claim.job_id, loaded.hash)
        if not same:
            raise JobFailed("The data changed while the study ran. Start it again; it will use the new data.")
        return loaded

    def _told(self, study: Study, claim: Claim, progress: Callable[[float], None]) -> Callable[[float], None]:
        """Progress of loading: told with the run, as no piece gets on meanwhile."""
        told = -TELL

        def tell(done: float) -> None:
            nonlocal told
            progress(0.0)
            if (percent := int(100 * done)) >= told + TELL:
                told = percent
                with self.store.transaction() as db:
                    jobs.tell(db, claim, f"{study.loading}, {percent} %")

        return tell

    def _fail(self, claim: Claim, message: str, where: str = "") -> None:
        """Fail the run, unless the piece is another's by now; ``where`` is said if the log was written."""
        logged = self._log(claim)
        with self.store.transaction() as db:
            jobs.give_up(db, claim, message + where if logged else message)

    def _log(self, claim: Claim) -> bool:
        folder = self.store.folder / LOGS
        try:
            folder.mkdir(exist_ok=True)
            with (folder / f"{claim.job_id}.log").open("a", encoding="utf-8") as log:
                log.write(f"{claim.title}\n{traceback.format_exc()}\n")
        except (
            OSError
        ):  # no room for a log is no reason to end the worker, nor to leave the run without its sentence
            return False
        return True
