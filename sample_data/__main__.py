"""Write the synthetic cohort: `python -m sample_data [--out FOLDER] [--seed N]`."""

import argparse
import csv
from pathlib import Path

from sample_data import COHORT, LABEL, SEED
from sample_data.tables import Table, make_tables


def write(folder: Path, seed: int = SEED) -> None:
    """Write every file of the cohort into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in make_tables(seed).items():
        _write(folder / name, table)


def _write(path: Path, table: Table) -> None:
    # The same bytes on every system.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.header)
        writer.writerows(table.rows)


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m sample_data", description=f"Write the {LABEL} cohort.")
    parser.add_argument("--out", type=Path, default=COHORT, help="folder to write to (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed (default: %(default)s)")
    arguments = parser.parse_args()
    write(arguments.out, arguments.seed)
    print(f"Wrote the {LABEL} cohort to {arguments.out}.")


if __name__ == "__main__":
    main()
