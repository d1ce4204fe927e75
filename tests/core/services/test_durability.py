"""Many trainers at once, and processes killed at random moments."""

import os
import subprocess
import sys
import threading

import pytest

from core.services import labelling
from core.services.labelling import Answer
from core.store import audit, labels, people, requests
from tests.cohorts import ask_about_everyone, small_cohort


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_sigkill_at_a_hundred_random_moments_loses_no_acknowledged_label(store):
    ask_about_everyone(store)
    store.close()
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed_answers", str(store.folder), "100", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("100 kills")
    assert int(done.stdout.split()[2]) > 100, done.stdout


def test_eight_threads_give_a_hundred_answers_each(tmp_path):
    store = small_cohort(tmp_path / "data", clients=801, days=2)
    ask_about_everyone(store)
    waiting = requests.open_requests(store.db, user_id=people.user(store.db, "Ana")["id"], limit=1000)[:800]
    assert len(waiting) == 800
    errors: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for request in waiting[thread::8]:
                answer = Answer(request["id"], f"key {request['id']}", "exercise", request["top"][1][0])
                assert labelling.answer(store, "Ana" if thread % 2 else "Bo", answer).status == "taught"
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
    assert len(labels.labels(store.db, limit=1000)) == 800
    assert audit.verify(store.db) >= 800
    store.close()
