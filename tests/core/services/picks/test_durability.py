"""Processes killed while they make picks, and many threads that make them at once."""

import os
import subprocess
import sys
import threading
from datetime import date, timedelta

import numpy as np
import pytest

from core.services import Store, picks
from core.services.picks import policies
from core.store import audit


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_sigkill_at_random_moments_loses_and_doubles_nothing(store: Store) -> None:
    store.close()
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed_picks", str(store.folder), "20", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("20 kills")
    assert int(done.stdout.split()[2]) > 20, done.stdout


def test_eight_threads_make_picks_and_say_what_became_of_them(
    store: Store, cohort: int, clients: list[int]
) -> None:
    picks.put_in_force(store, cohort, picks.PolicySettings(start=20), reason="a quick start", by="Ana")
    picks.consider(store, clients[0])
    errors: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number, client in enumerate(clients[thread::8]):
                day = date(2026, 1, 1) + timedelta(number)
                pick = picks.decide(store, client, by="Ana", on=day)
                picks.record_outcome(store, pick, 0.5, by="Bo")
                picks.policy(store, cohort)
        except BaseException as error:
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    audit.verify(store.db)
    running = policies.in_force(store, cohort)
    assert running.known[0] == len(clients)
    anew = policies._rebuilt(store, running.version)
    x = np.eye(running.policy.n_features)[:3]
    assert np.allclose(running.policy.scores(x), anew.policy.scores(x), atol=1e-9)
