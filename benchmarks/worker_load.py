"""How much slower the Label requests page gets while a study uses every core: ``python -m benchmarks.worker_load``.

The page is rerun in this process over a small generated cohort, in turns with idle workers and with workers that do
the study ``recommenders``, so that a noisy machine hits both alike. The bound that Spotter sets itself: the median
at most doubles.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.services import Store
from core.services.studies import registry, running
from core.services.workers import Supervisor, cores
from tests.cohorts import ask_about_everyone, small_cohort

PAGE = Path(__file__).parent.parent / "pages" / "label_requests.py"
RERUNS = 40
ROUNDS = 3
MOST_RATIO = 2.0
STUDY = {"cohort": "Test cohort", "models": ["network"], "seeds": 50, "epochs": 200}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPOTTER_DATA"] = folder
        store = small_cohort(Path(folder), clients=60, days=60)
        ask_about_everyone(store)
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.session_state["user"] = "Ana"
        idle: list[float] = []
        busy: list[float] = []
        with Supervisor(store.folder):
            time.sleep(3.0)  # the workers' own start
            for _ in range(ROUNDS):
                idle += reruns(page)
                busy += reruns_during_a_study(store, page)
        store.close()
    print(f"Rerun of the Label requests page on {cores()} cores, {RERUNS * ROUNDS} reruns each, milliseconds")
    for name, times in (("idle workers", idle), ("study on every core", busy)):
        low, middle, high = statistics.quantiles(times, n=4)
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"  {name:<20} median {middle:6.1f}   quartiles {low:6.1f} to {high:6.1f}   p95 {p95:6.1f}")
    print(
        f"  ratio of medians {statistics.median(busy) / statistics.median(idle):.2f} (bound {MOST_RATIO:.0f})"
    )


def reruns(page: AppTest) -> list[float]:
    """Times of reruns in milliseconds; the first one, that may still load something, is left out."""
    times = []
    for _ in range(RERUNS + 1):
        began = time.perf_counter()
        page.run()
        times.append(1000 * (time.perf_counter() - began))
        assert not page.exception, page.exception
    return times[1:]


def reruns_during_a_study(store: Store, page: AppTest) -> list[float]:
    """The same while every worker is at a piece of the study."""
    run = running.start(store, registry.STUDIES, "recommenders", STUDY, seed=1, by="benchmark")
    while (
        sum(piece.state == "running" for piece in running.run(store, registry.STUDIES, run).pieces) < cores()
    ):
        time.sleep(0.2)
    time.sleep(3.0)  # past the imports, into the training
    times = reruns(page)
    state = running.run(store, registry.STUDIES, run)
    assert state.active, f"the study ended before the measurement did: {state.message}"
    running.cancel(store, run, by="benchmark")
    while any(piece.state == "running" for piece in running.run(store, registry.STUDIES, run).pieces):
        time.sleep(0.2)
    return times


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.worker_load", description=__doc__).parse_args()
    main()
