"""A 200,000-row exercise log, checked row by row and taken in, beside pandas that only reads and writes.

``python -m benchmarks.importing`` prints the seconds and the peak memory of each, measured in a process
of its own. The bound that Spotter sets itself: under 30 s and 1 GiB.

``python -m benchmarks.importing --apple`` does the same with an export of Apple Health of a gibibyte (``--mebibytes``),
watch and phone beside each other; the bound is 500 MiB. With ``--only-steps`` every record in it is of steps, which
takes the most memory that a file of its size can.
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


DOCTYPE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
]>
<HealthData locale="en_GB">
 <ExportDate value="2026-01-01 09:00:00 +0000"/>
"""
KINDS = (
    ("HKQuantityTypeIdentifierActiveEnergyBurned", "kcal"),
    ("HKQuantityTypeIdentifierHeartRate", "count/min"),
    ("HKQuantityTypeIdentifierDistanceWalkingRunning", "km"),
    ("HKQuantityTypeIdentifierBasalEnergyBurned", "kcal"),
)
DEVICE = (
    "&lt;&lt;HKDevice: 0x28{number}&gt;, name:{name}, manufacturer:Apple Inc., "
    "model:{name}, hardware:{name}6,1&gt;"
)


def generate_export(path: Path, mebibytes: int, *, only_steps: bool, seed: int = 1) -> None:
    """Write walks of some minutes that watch and phone both recorded, and four other records for each of steps."""
    rng = np.random.default_rng(seed)
    kinds = (("HKQuantityTypeIdentifierStepCount", "count"), *(() if only_steps else KINDS))
    start = datetime(2015, 1, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(DOCTYPE)
        minute = 0
        while stream.tell() < mebibytes * 2**20:
            lines: list[str] = []
            for gap, length, count in rng.integers((1, 1, 5), (15, 12, 130), (2000, 3)).tolist():
                minute += gap
                begins, ends = start + timedelta(minutes=minute), start + timedelta(minutes=minute + length)
                for kind, unit in kinds:
                    for number, name in enumerate(("Watch", "iPhone")):
                        shift = timedelta(seconds=7 * number)
                        lines.append(
                            f' <Record type="{kind}" sourceName="Kim’s {name}" sourceVersion="10.1" '
                            f'device="{DEVICE.format(number=number, name=name)}" unit="{unit}" '
                            f'creationDate="{ends:%Y-%m-%d %H:%M:%S} +0000" '
                            f'startDate="{begins + shift:%Y-%m-%d %H:%M:%S} +0000" '
                            f'endDate="{ends + shift:%Y-%m-%d %H:%M:%S} +0000" value="{count * length - number}"/>\n'
                        )
            stream.write("".join(lines))
        stream.write("</HealthData>\n")


def apple(export: Path, folder: Path) -> str:
    """Check an export and take it in."""
    from core.services import Store
    from core.services.importing import Choices, check, take

    store = Store(folder)
    started = time.perf_counter()
    report = check(store, export, choices=Choices(client="Kim"))
    checked = time.perf_counter()
    take(store, report, by="benchmark")
    taken = time.perf_counter()
    kept = store.db.execute("SELECT count(*) FROM steps").fetchone()[0]
    return (
        f"{taken - started:8.2f} s (check {checked - started:.2f}, take {taken - checked:.2f}; "
        f"{report.rows_read:,} counts, {kept:,} days kept)"
    )


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


CONTESTANTS = {"Spotter": spotter, "pandas, unchecked": pandas, "Apple Health": apple}
LOGS = ("Spotter", "pandas, unchecked")
MOST_MEBIBYTES_APPLE = 500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--apple", action="store_true", help="an export of Apple Health instead of a log")
    parser.add_argument("--mebibytes", type=int, default=1024, help="size of the export")
    parser.add_argument("--only-steps", action="store_true", help="the export holds nothing but steps")
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
        if arguments.apple:
            path = Path(folder) / "export.xml"
            generate_export(path, arguments.mebibytes, only_steps=arguments.only_steps)
            print(f"{path.stat().st_size / 2**20:,.0f} MiB; bound: {MOST_MEBIBYTES_APPLE:,.0f} MiB of memory")
        else:
            path = Path(folder) / "log.csv"
            generate(path, arguments.rows)
            size = path.stat().st_size / 2**20
            print(
                f"{arguments.rows:,} rows, {size:.1f} MiB; bound: {MOST_SECONDS:.0f} s, {MOST_MEBIBYTES:,.0f} MiB"
            )
        for name in ["Apple Health"] if arguments.apple else LOGS:
            command = [sys.executable, "-m", "benchmarks.importing", "--only", name, "--log", str(path)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
