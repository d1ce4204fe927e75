"""How well the week ahead is forecast on real steps; run ``python -m benchmarks.forecast PATH``.

PATH is ``dailyActivity_merged.csv`` of the Fitbit data of 2016 (Furberg, Brinton, Keating, Ortiz: Zenodo 53894,
CC BY 4.0): 33 wearers, 12 April to 12 May. It is read where it lies; Spotter ships none of it.

What has to be assumed: the file holds no goals, so every day is given Fitbit's usual 10,000 (another with ``--goal``),
before and ahead. A day of zero steps is a day when the band was not worn: it has no count, is not forecast and is not
counted as an error. From each wearer's 15th day on, once a week, all that came before (28 days at most) forecasts the
seven days that follow, as far as there are counts. The last week is cut short by the end of the data; the file's last
day is left out, since on average only half of it was recorded.

The table has the mean absolute error over all forecast days, and its mean over wearers, each of whom has the same
weight there. A difference is between wearers' mean errors, the method's less the weekday mean's, paired; its 95 %
interval is a bootstrap over wearers.
"""

import argparse
import csv
import sys
import time
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from core.calfit.behavior import Floats
from core.calfit.forecasting import METHODS, forecast

FIRST, LOOK_BACK, AHEAD = 14, 28, 7
LEAST = 7  # counts in a history
RESAMPLES = 10_000
OURS, PEER = "posterior, weekday effect", "weekday mean, 28 days"


def read(path: Path) -> tuple[date, dict[str, Floats]]:
    """The first day of all, and each wearer's counts from that day to the last but one, NaN where not worn."""
    counts: dict[str, dict[date, float]] = defaultdict(dict)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            day = datetime.strptime(row["ActivityDate"], "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
            steps = float(row["TotalSteps"])
            counts[row["Id"]][day] = steps if steps > 0 else np.nan
    days = sorted({day for own in counts.values() for day in own})
    all_days = [days[0] + timedelta(days=place) for place in range((days[-1] - days[0]).days)]
    return days[0], {
        wearer: np.array([own.get(day, np.nan) for day in all_days]) for wearer, own in counts.items()
    }


def errors(wearers: dict[str, Floats], monday: int, goal: float) -> tuple[dict[str, list[Floats]], Floats]:
    """Each wearer's absolute errors, day by day, by method; and whether our 90 % interval held each day's count."""
    found: dict[str, list[Floats]] = {name: [] for name in METHODS}
    held: list[Floats] = []
    for counts in wearers.values():
        own: dict[str, list[Floats]] = defaultdict(list)
        for origin in range(FIRST, counts.size, AHEAD):
            past, future = slice(max(0, origin - LOOK_BACK), origin), counts[origin : origin + AHEAD]
            steps, seen = counts[past], np.isfinite(future)
            if np.isfinite(steps).sum() < LEAST or not seen.any():
                continue
            weekdays = (monday + np.arange(past.start, past.stop)) % 7
            goals, ahead = np.full(steps.size, goal), np.full(future.size, goal)
            for name, method in METHODS.items():
                own[name].append(np.abs(method(steps, goals, weekdays, ahead) - future)[seen])
            made = forecast(steps, goals, weekdays, ahead)
            held.append(((made.low <= future) & (future <= made.high))[seen])
        for name, parts in own.items():
            found[name].append(np.concatenate(parts))
    return found, np.concatenate(held)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="dailyActivity_merged.csv")
    parser.add_argument(
        "--goal", type=float, default=10_000, help="assumed for every day (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap")
    options = parser.parse_args()
    first, wearers = read(options.path)
    began = time.perf_counter()
    found, held = errors(wearers, first.weekday(), options.goal)
    seconds = time.perf_counter() - began
    used = len(found[OURS])
    print(
        f"{len(wearers)} wearers, {used} with enough days; {held.size} days forecast; "
        f"goals are assumed: {options.goal:,.0f} every day. {seconds:.0f} s in all.\n"
    )
    means = {name: np.array([own.mean() for own in parts]) for name, parts in found.items()}
    chosen = np.random.default_rng(options.seed).integers(used, size=(RESAMPLES, used))
    print(f"{'mean absolute error, steps':<28}{'days':>8}{'wearers':>9}   less the weekday mean's, 95 %")
    for name, parts in found.items():
        line = f"{name:<28}{np.concatenate(parts).mean():>8,.0f}{means[name].mean():>9,.0f}"
        if name != PEER:
            less = means[name] - means[PEER]
            low, high = np.quantile(less[chosen].mean(axis=1), [0.025, 0.975])
            line += f"{less.mean():>+10,.0f}  ({low:+,.0f} to {high:+,.0f})"
        print(line)
    print(f"\nOur 90 % interval of a day's count held {100 * held.mean():.0f} % of the counts.")
    kept = means[OURS].mean() <= means[PEER].mean() and (
        np.concatenate(found[OURS]).mean() <= np.concatenate(found[PEER]).mean()
    )
    print(f"Ours at or ahead of the weekday mean: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
