"""How quick the Caseload page is with 10,000 clients and 1,000,000 logged exercises.

    python -m benchmarks.caseload

Builds such a store in a temporary folder, trains a full-history ensemble on its first clients, recommends to everyone,
and then times reruns of the page with another order, filter, search or page each time. Beside it stands the plain way:
each rerun reads the tables with pandas, works out what the page shows, and sorts and cuts it there. Each way has a
process of its own, so that its peak memory is its own.
"""

import argparse
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

APP = Path(__file__).parent.parent / "workbench" / "app.py"
EXERCISES = 44
TRAINED_ON = 150
STEP_DAYS = 28
LIMIT_MS, LIMIT_MIB = 300, 1536


def build(folder: Path, clients: int, each: int, seed: int) -> None:
    """A store with so many clients, each with ``each`` logged exercises, a model and a recommendation for all."""
    from core.recommender import FullHistorySettings
    from core.services import Store, accounts, models, recommending, training
    from core.store import exercises, people

    rng = random.Random(seed)
    store = Store(folder)
    accounts.add(store, "Trainer", "trainer", by="benchmark")
    with store.change("add cohort", by="benchmark", subject="cohort") as change:
        cohort = people.add_cohort(change.db, "Benchmark (synthetic)", source="generated", synthetic=True)
        catalogue = exercises.add_exercises(
            change.db,
            cohort,
            [
                {"reference": f"e{i}", "category": f"category {i % 7}", "difficulty": 1 + i % 5}
                for i in range(EXERCISES)
            ],
        )
    add_clients(store, cohort, list(catalogue.values()), range(min(TRAINED_ON, clients)), each, rng)
    trained = models.train(store, cohort, seed=seed, settings=FullHistorySettings(epochs=3))
    training.publish(store, [trained], by="benchmark")
    began = time.perf_counter()
    add_clients(store, cohort, list(catalogue.values()), range(min(TRAINED_ON, clients), clients), each, rng)
    print(f"building the rest of the store: {time.perf_counter() - began:.1f} s", flush=True)
    began = time.perf_counter()
    done = recommending.refresh(store, cohort)
    seconds = time.perf_counter() - began
    print(
        f"recommending to all {done.clients:,} clients: {seconds:.1f} s, {done.clients / seconds:,.0f} a second,"
        f" {done.open_requests:,} open requests",
        flush=True,
    )
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def add_clients(
    store, cohort: int, catalogue: list[int], numbers: range, each: int, rng: random.Random
) -> None:
    from core.guidelines import QUESTIONS
    from core.store import exercises, people, steps

    start = datetime(2026, 1, 1, 7, tzinfo=UTC)
    times = [f"{start + timedelta(hours=8 * i):%Y-%m-%dT%H:%M:%S}.000Z" for i in range(each)]
    days = [(date(2026, 1, 1) + timedelta(i)).isoformat() for i in range(STEP_DAYS)]
    with store.change("add clients", by="benchmark", subject=f"cohort {cohort}") as change:
        people.add_clients(
            change.db, cohort, [{"reference": f"c{i:05d}", "name": f"Client {i:05d}"} for i in numbers]
        )
        known = people.client_ids(change.db, cohort)
        ids = [known[f"c{i:05d}"] for i in numbers]
        people.add_documents(change.db, "profile", {i: {"age": rng.randint(19, 60)} for i in ids})
        # Without these the safety gate would leave nobody anything to recommend.
        people.add_documents(change.db, "medical", {i: {"conditions": "none"} for i in ids})
        people.add_documents(change.db, "screening", {i: dict.fromkeys(QUESTIONS, "no") for i in ids})
        rows = len(ids) * each
        imported = exercises.add_import(
            change.db, cohort, kind="log", path="-", sha256="-", row_count=rows, actor="benchmark"
        )
        exercises.add_log(change.db, log_rows(ids, catalogue, times, rng), imported)
        steps.add(
            change.db, ((i, day, rng.randint(2000, 14000), 8000) for i in ids for day in days), imported
        )


def log_rows(ids: list[int], catalogue: list[int], times: list[str], rng: random.Random):
    for client in ids:
        place = rng.randrange(len(catalogue))
        for at in times:
            place = rng.randrange(len(catalogue)) if rng.random() < 0.3 else (place + 1) % len(catalogue)
            yield client, at, catalogue[place], int(rng.random() < 0.8), None


def views(clients: int, count: int) -> list[dict[str, str]]:
    """What the reruns ask for, one after another: every order, filter, several searches, near and far pages."""
    from core.services import caseload

    pages = max(1, clients // caseload.PAGE)
    orders, filters = caseload.ORDERS, caseload.FILTERS
    return [
        {
            "sort": orders[i % len(orders)],
            "show": filters[(i // len(orders)) % len(filters)],
            "search": ("", "", "client 0", "77", "")[i % 5],
            "page": str((1, 1, pages // 2, 2, pages)[i % 5]),
        }
        for i in range(count)
    ]


def page_reruns(folder: str, clients: int, count: int, result) -> None:
    """Time reruns of the real page, its elements read back as a browser would get them."""
    os.environ["SPOTTER_DATA"] = folder
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(APP), default_timeout=120).run()
    times = []
    for view in views(clients, count):
        app.selectbox(key="sort").set_value(view["sort"])
        app.selectbox(key="show").set_value(view["show"])
        app.text_input(key="search").set_value(view["search"])
        if "page" in [pager.key for pager in app.pagination]:
            app.pagination(key="page").set_value(min(int(view["page"]), app.pagination(key="page").num_pages))
        began = time.perf_counter()
        app.run()
        times.append(1000 * (time.perf_counter() - began))
        assert not app.exception
    result.put((times, peak_mib()))


def pandas_reruns(folder: str, clients: int, count: int, result) -> None:
    """Time the plain way: read the tables, work out the rows, sort, filter, cut a page."""
    import sqlite3

    import pandas as pd

    connection = sqlite3.connect(Path(folder) / "spotter.sqlite3")
    times = []
    for view in views(clients, count):
        began = time.perf_counter()
        people = pd.read_sql("SELECT id, name FROM clients", connection)
        log = pd.read_sql("SELECT client_id, at FROM exercise_log", connection)
        steps = pd.read_sql("SELECT client_id, day, steps, goal FROM steps", connection)
        said = pd.read_sql("SELECT client_id, margin, p_value FROM recommendations", connection)
        asks = pd.read_sql(
            "SELECT client_id, id AS request_id FROM requests WHERE state = 'open'", connection
        )
        table = people.merge(log.groupby("client_id")["at"].max(), left_on="id", right_index=True, how="left")
        recent = steps[steps["day"] > steps["day"].max()[:8] + "14"].assign(
            hit=lambda d: d["steps"] >= d["goal"]
        )
        table = table.merge(
            recent.groupby("client_id")["hit"].agg(["sum", "count"]), left_on="id", right_index=True
        )
        table = table.merge(said, left_on="id", right_on="client_id").merge(asks, on="client_id", how="left")
        if view["show"] in ("open request", "needs attention"):
            table = table[table["request_id"].notna()]
        if view["search"]:
            table = table[table["name"].str.lower().str.contains(view["search"], regex=False)]
        table = table.sort_values({"name": "name", "last active": "at"}.get(view["sort"], "p_value"))
        first = 50 * (int(view["page"]) - 1)
        table.iloc[first : first + 50].to_dict("records")
        times.append(1000 * (time.perf_counter() - began))
    result.put((times, peak_mib()))


def peak_mib() -> float:
    """Peak memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def apart(work: Callable[..., None], *arguments: object) -> tuple[list[float], float]:
    """Run in a process of its own; return its times in ms and its peak memory in MiB."""
    context = multiprocessing.get_context("spawn")
    result = context.Queue()
    process = context.Process(target=work, args=(*arguments, result))
    process.start()
    found: tuple[list[float], float] = result.get()
    process.join()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument(
        "--each", type=int, default=100, help="logged exercises a client (default: %(default)s)"
    )
    parser.add_argument("--reruns", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{options.clients:,} clients, {options.clients * options.each:,} logged exercises", flush=True)
        context = multiprocessing.get_context("spawn")
        builder = context.Process(
            target=build, args=(Path(folder), options.clients, options.each, options.seed)
        )
        builder.start()
        builder.join()
        if builder.exitcode:
            return 1
        print(f"database: {(Path(folder) / 'spotter.sqlite3').stat().st_size / 2**20:,.0f} MiB", flush=True)
        page = measured("Caseload page", page_reruns, folder, options)
        measured("pandas, reading everything", pandas_reruns, folder, options)
    kept = page[0] <= LIMIT_MS and page[1] <= LIMIT_MIB
    print(f"allowed for the page: p95 {LIMIT_MS} ms, {LIMIT_MIB:,} MiB: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def measured(
    name: str, work: Callable[..., None], folder: str, options: argparse.Namespace
) -> tuple[float, float]:
    """Measure one way, print it, and return its 95th percentile in ms and its peak memory in MiB."""
    times, memory = apart(work, folder, options.clients, options.reruns)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(
        f"{name}: rerun median {statistics.median(times):,.0f} ms, p95 {p95:,.0f} ms, "
        f"longest {max(times):,.0f} ms over {len(times)}; peak memory {memory:,.0f} MiB",
        flush=True,
    )
    return p95, memory


if __name__ == "__main__":
    sys.exit(main())
