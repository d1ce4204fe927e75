"""A 200,000-row exercise log, checked row by row and taken in, beside pandas that only reads and writes.

``python -m benchmarks.importing`` prints the seconds and the peak memory of each, measured in a process
of its own. The bound that Spotter sets itself: under 30 s and 1 GiB.
"""

import argparse
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROWS = 200_000
MOST_SECONDS = 30.0
MOST_MEBIBYTES = 1024.0


def generate(path: Path, rows: int, *, seed: int = 1) -> None:
    """Write a log of 500 clients and 300 exercises, unsorted, one row in a hundred doubled."""
    rng = np.random.default_rng(seed)
    minutes = rng.integers(0, 3 * 365 * 24 * 60, rows)
    clients, exercises = rng.integers(0, 500, rows), rng.integers(0, 300, rows)
    success, difficulty = rng.random(rows) < 0.8, rng.integers(2, 11, rows) / 2
    start = datetime(2023, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    lines: list[str] = []
    for row in range(rows):
        if lines and row % 100 == 99:
            lines.append(lines[-1])
            continue
        at = (start + timedelta(minutes=int(minutes[row]))).strftime("%d.%m.%Y %H:%M")
        done = "yes" if success[row] else "no"
        lines.append(f"client {clients[row]};{at};exercise {exercises[row]};{done};{difficulty[row]}")
    path.write_text("client;time;exercise;success;difficulty\n" + "\n".join(lines) + "\n", encoding="utf-8")


def spotter(log: Path, folder: Path) -> str:
    """Check the log and take it in."""
    from core.services import Store
    from core.services.importing import Choices, check, take

    store = Store(folder)
    started = time.perf_counter()
    report = check(store, log, choices=Choices(new_clients=True, new_exercises=True))
    checked = time.perf_counter()
    take(store, report, by="benchmark")
    taken = time.perf_counter()
    kept = store.db.execute("SELECT count(*) FROM exercise_log").fetchone()[0]
    return f"{taken - started:8.2f} s (check {checked - started:.2f}, take {taken - checked:.2f}; {kept:,} rows kept)"


def pandas(log: Path, folder: Path) -> str:
    """The peer: no checks, no clients, no audit; the dates parsed."""
    import pandas as pd

    started = time.perf_counter()
    frame = pd.read_csv(log, sep=";")
    frame["time"] = pd.to_datetime(frame["time"], format="%d.%m.%Y %H:%M")
    frame = frame.drop_duplicates().sort_values("time")
    with sqlite3.connect(folder / "peer.sqlite3") as connection:
        kept = frame.to_sql("exercise_log", connection, index=False)
    return f"{time.perf_counter() - started:8.2f} s ({kept:,} rows kept)"


CONTESTANTS = {"Spotter": spotter, "pandas, unchecked": pandas}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            line = CONTESTANTS[arguments.only](arguments.log, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{arguments.only:<20}{line}, peak {peak:,.0f} MiB")
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        generate(log, arguments.rows)
        size = log.stat().st_size / 2**20
        print(
            f"{arguments.rows:,} rows, {size:.1f} MiB; bound: {MOST_SECONDS:.0f} s, {MOST_MEBIBYTES:,.0f} MiB"
        )
        for name in CONTESTANTS:
            command = [sys.executable, "-m", "benchmarks.importing", "--only", name, "--log", str(log)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
