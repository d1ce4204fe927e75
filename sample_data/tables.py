"""The generated cohort as tables of text, one a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sample_data import choices, health, medical, preferences, steps
from sample_data.exercises import CATALOGUE
from sample_data.needs import NEEDS
from sample_data.profiles import DASS_SUBSCALES, GODIN_WEIGHTS, MISSING, Cohort, make_cohort

# New ones are added at the end, which leaves the others as they are.
_STREAMS = ("profiles", "medical", "traits", "choices", "walkers", "steps", "health", "preferences")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of text cells."""

    header: list[str]
    rows: list[list[str]]


def key_of(name: str) -> str:
    """An exercise's key: its name in lower case with hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def make_tables(seed: int) -> dict[str, Table]:
    """All tables by file name; the same seed gives the same text."""
    # A stream of random numbers for each part, so that a change to one leaves the others as they are.
    streams = dict(zip(_STREAMS, np.random.SeedSequence(seed).spawn(len(_STREAMS)), strict=True))
    rng = {name: np.random.default_rng(stream) for name, stream in streams.items()}
    cohort = make_cohort(rng["profiles"])
    histories = medical.make_histories(cohort, rng["medical"])
    traits = choices.traits_of(cohort, rng["traits"])
    attempts, meditations = choices.simulate(cohort, traits, rng["choices"])
    walkers = steps.make_walkers(cohort, rng["walkers"])
    days = steps.simulate(cohort, walkers, rng["steps"])
    states = health.make_health(cohort, histories, rng["health"])
    wishes = preferences.make_wishes(cohort, rng["preferences"])
    return {
        "exercises.csv": _exercises(),
        "clients.csv": _clients(cohort),
        "questionnaires.csv": _questionnaires(cohort),
        "medical.csv": _medical(cohort, histories),
        "screening.csv": _screening(cohort, histories),
        "health.csv": _health(cohort, states),
        "preferences.csv": _preferences(cohort, wishes),
        "log.csv": _log(cohort, attempts),
        "meditation.csv": _meditation(cohort, meditations),
        "steps.csv": _steps(cohort, days),
        "truth.csv": _truth(cohort, traits, walkers),
    }


def _exercises() -> Table:
    header = [
        "exercise",
        "name",
        "category",
        "muscle_group",
        "difficulty",
        "level",
        "super_category",
        "grouping",
        "impact",
        "cue",
        "component",
        "intensity",
        "load",
        "balance_demand",
        "positions",
    ]
    rows = [
        [
            key_of(item.name),
            item.name,
            item.category,
            item.muscle_group,
            f"{item.rating:.1f}",
            str(item.level),
            item.super_category,
            item.grouping,
            _yes(item.impact),
            item.cue,
            needs.component,
            needs.intensity,
            needs.load,
            needs.balance,
            "; ".join(needs.positions),
        ]
        for item, needs in ((item, NEEDS[item.name]) for item in CATALOGUE)
    ]
    return Table(header, rows)


def _clients(cohort: Cohort) -> Table:
    columns: dict[str, Iterable[str]] = {
        "client": cohort.client,
        "name": cohort.name,
        "time_zone": cohort.time_zone,
        "condition": cohort.condition,
        "step_goals": cohort.step_goals,
        "sex": cohort.sex,
        "age": map(str, cohort.age),
        "height_cm": (f"{value:.0f}" for value in cohort.height),
        "weight_kg": (f"{value:.1f}" for value in cohort.weight),
        "bmi": (f"{value:.1f}" for value in cohort.bmi),
        "pss_total": map(str, cohort.pss_total),
        **{f"dass_{name}": map(str, cohort.dass_score(name)) for name in DASS_SUBSCALES},
        "chips_total": map(str, cohort.chips_total),
        "glteq_score": map(str, cohort.glteq_score),
        "exse_score": (f"{value:.2f}" for value in cohort.exse_score),
    }
    return _by_column(columns)


def _questionnaires(cohort: Cohort) -> Table:
    columns: dict[str, Iterable[str]] = {"client": cohort.client}
    for name, items in (("pss", cohort.pss), ("dass", cohort.dass), ("chips", cohort.chips)):
        for number, column in enumerate(items.T, start=1):
            columns[f"{name}_{number}"] = ("" if value == MISSING else str(value) for value in column)
    for name, column in zip(GODIN_WEIGHTS, cohort.godin.T, strict=True):
        columns[f"glteq_{name}"] = map(str, column)
    columns["glteq_sweat"] = cohort.sweat
    for number, column in enumerate(cohort.exse.T, start=1):
        columns[f"exse_{number}"] = map(str, column)
    return _by_column(columns)


def _medical(cohort: Cohort, histories: list[medical.History]) -> Table:
    rows = [
        [client, "; ".join(history.conditions) or "none", _yes(history.medication)]
        for client, history in zip(cohort.client, histories, strict=True)
    ]
    return Table(["client", "conditions", "medication"], rows)


def _screening(cohort: Cohort, histories: list[medical.History]) -> Table:
    rows = [
        [client, *(_yes(history.answers[key]) for key in medical.QUESTIONS)]
        for client, history in zip(cohort.client, histories, strict=True)
    ]
    return Table(["client", *medical.QUESTIONS], rows)


def _health(cohort: Cohort, states: list[health.Health]) -> Table:
    rows = [
        [client, _yes(state.active), _yes(state.cleared)]
        for client, state in zip(cohort.client, states, strict=True)
    ]
    return Table(["client", "active", "cleared"], rows)


def _preferences(cohort: Cohort, wishes: list[preferences.Wishes]) -> Table:
    rows = [[client, *wish.values()] for client, wish in zip(cohort.client, wishes, strict=True)]
    return Table(["client", *wishes[0]], rows)


def _log(cohort: Cohort, attempts: list[choices.Attempt]) -> Table:
    rows = [
        [
            cohort.client[attempt.client],
            attempt.when.isoformat(),
            key_of(attempt.exercise.name),
            str(int(attempt.success)),
            "" if attempt.difficulty is None else str(attempt.difficulty),
        ]
        for attempt in attempts
    ]
    return Table(["client", "time", "exercise", "success", "difficulty"], rows)


def _meditation(cohort: Cohort, meditations: list[choices.Meditation]) -> Table:
    rows = [[cohort.client[item.client], item.when.isoformat(), str(int(item.done))] for item in meditations]
    return Table(["client", "time", "done"], rows)


def _steps(cohort: Cohort, days: list[steps.Day]) -> Table:
    rows = [
        [
            cohort.client[item.client],
            item.day.isoformat(),
            "" if item.steps is None else str(item.steps),
            str(item.goal),
        ]
        for item in days
    ]
    return Table(["client", "day", "steps", "goal"], rows)


def _truth(cohort: Cohort, traits: choices.Traits, walkers: list[steps.Walker]) -> Table:
    weekdays = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    header = ["client", "style", "ability", "u_b", "p_1", "mu", "gamma", "noise_scale"]
    rows = [
        [
            client,
            traits.style[index],
            f"{traits.ability[index]:.2f}",
            f"{walker.baseline:.1f}",
            f"{walker.responsiveness:.1f}",
            f"{walker.self_efficacy:.1f}",
            f"{steps.GAMMA:.2f}",
            f"{steps.NOISE:.0f}",
            *(f"{value:.0f}" for value in walker.weekday),
        ]
        for index, (client, walker) in enumerate(zip(cohort.client, walkers, strict=True))
    ]
    return Table([*header, *(f"u_b_{day}" for day in weekdays)], rows)


def _by_column(columns: dict[str, Iterable[str]]) -> Table:
    return Table(list(columns), [list(row) for row in zip(*columns.values(), strict=True)])


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[value]
