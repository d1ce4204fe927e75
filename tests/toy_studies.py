"""Small studies for tests of the machinery; worker processes load them with ``--studies tests.toy_studies``."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.services import Store
from core.services.studies.options import option
from core.services.studies.study import (
    Chart,
    Context,
    Loaded,
    Piece,
    Progress,
    Result,
    Series,
    Study,
    Table,
)
from core.store import people

STEPS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    count: int = option(6, label="Pieces", help="How many pieces.", minimum=1, maximum=100)
    seconds: float = option(0.05, label="Seconds", help="How long each takes.", minimum=0, maximum=60)
    trouble: str = option(
        "none",
        label="Trouble",
        help="What goes wrong in the second piece.",
        choices=("none", "sentence", "fault", "dies"),
    )
    colours: tuple[str, ...] = option(
        ("red", "blue"), label="Colours", help="Some colours.", choices=("red", "blue", "green")
    )
    cohort: str = option(
        "any", label="Cohort", help="Whose.", choices=lambda store: ["any", *_cohorts(store)]
    )
    loud: bool = option(False, label="Loud", help="Whether to shout.")


def _cohorts(store: Store) -> list[str]:
    return [row["name"] for row in people.cohorts(store.db)]


def pieces(settings: Settings, seed: int) -> list[Piece]:
    return [Piece(f"Throw {number + 1}") for number in range(settings.count)]


def load(store: Store, settings: Settings, progress: Progress) -> Loaded:
    for step in range(2):
        progress(step / 2)
    return Loaded(np.arange(10.0), people.setting(store.db, "toy data", "same"))


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    for step in range(STEPS):
        progress(step / STEPS)
        time.sleep(settings.seconds / STEPS)
    if index == 1 and settings.trouble == "sentence":
        raise InputError("The dice are loaded. Take other dice.")
    if index == 1 and settings.trouble == "fault":
        raise ZeroDivisionError("division by zero")
    if index == 1 and settings.trouble == "dies":
        os._exit(9)
    rng = np.random.default_rng([seed, index])
    return {"index": index, "value": float(rng.normal(size=1000).mean() + context.data.sum())}


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    values = tuple(r["value"] for r in results)
    return Result(
        headline=(f"The mean is {np.mean(values):.12f}.",),
        tables=(
            Table(
                "Throws",
                ("Piece", "Value"),
                tuple((f"={r['index']}", r["value"]) for r in results),
                "A note.",
            ),
        ),
        charts=(
            Chart(
                "lines",
                "Throws",
                "Piece",
                "Value",
                (Series("value", tuple(float(r["index"]) for r in results), values),),
                "A line of random values.",
            ),
        ),
        synthetic=settings.colours == ("green",),
    )


def publish(store: Store, settings: Settings, results: Sequence[dict[str, Any]], by: str) -> None:
    with store.change("count toy", by=by, subject="toy") as change:
        people.set_setting(change.db, "toy published", people.setting(change.db, "toy published", 0) + 1)


TOY = Study(
    name="toy",
    title="Throw dice",
    description="Throws dice that nobody sees.",
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
    publish=publish,
)
STUDIES = {TOY.name: TOY}
